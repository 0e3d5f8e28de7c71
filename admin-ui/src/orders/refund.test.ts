import { expect, test } from 'vitest'
import { refundable, refundOf } from './refund'

const line = { quantity: 3, total: 1000, tax: 100, refunded: 0 }

test('units are paid back at what was paid for them, with the tax that came on top, never a penny more', () => {
  expect([0, 1, 2, 3].map(n => refundOf(line, n, true))).toEqual([0, 333, 666, 1000])
  expect(refundOf(line, 1, false)).toBe(366)
})

test('what was paid back already is not offered again', () => {
  expect(refundable(line, true)).toBe(3)
  expect(refundable({ ...line, refunded: 333 }, true)).toBe(2)
  expect(refundable({ ...line, refunded: 334 }, true)).toBe(2)
  expect(refundable({ ...line, refunded: 1000 }, true)).toBe(0)
  expect(refundable({ ...line, refunded: 1000 }, false)).toBe(0)
  expect(refundable({ ...line, refunded: 700 }, false)).toBe(1)
  expect(refundable({ ...line, total: 0, tax: 0 }, true)).toBe(0)
})
