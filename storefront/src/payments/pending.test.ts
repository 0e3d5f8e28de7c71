import { expect, test } from 'vitest'
import { rememberPayment, returned } from './pending'

test('the link wins, the note fills in', () => {
  expect(returned(new URLSearchParams())).toEqual({})
  rememberPayment({ payment: 'p1', order: 'o1' })
  expect(returned(new URLSearchParams())).toEqual({ payment: 'p1', order: 'o1' })
  expect(returned(new URLSearchParams('payment=p1'))).toEqual({ payment: 'p1', order: 'o1' })
  expect(returned(new URLSearchParams('payment=p2'))).toEqual({ payment: 'p2' })
  expect(returned(new URLSearchParams('payment=p2&order=o2'))).toEqual({ payment: 'p2', order: 'o2' })
})

test('a broken note is no note', () => {
  localStorage.setItem('allhours.payment', '{')
  expect(returned(new URLSearchParams())).toEqual({})
})
