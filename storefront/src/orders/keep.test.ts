import { beforeEach, expect, test } from 'vitest'
import { forgetOrders, keepOrder, kept, tokenOf } from './keep'

beforeEach(forgetOrders)

test('an order keeps its token when its number becomes known', () => {
  keepOrder({ id: 'a', token: 't' })
  keepOrder({ id: 'a', number: '1001' })
  expect(kept.get()).toEqual([{ id: 'a', token: 't', number: '1001', at: '' }])
  expect(tokenOf('a')).toBe('t')
  expect(tokenOf('b')).toBe('')
})

test('the newest comes first and only twenty are kept', () => {
  for (let i = 0; i < 25; i++) keepOrder({ id: String(i), token: 't' })
  expect(kept.get()).toHaveLength(20)
  expect(kept.get()[0]?.id).toBe('24')
})
