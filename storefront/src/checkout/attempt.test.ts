import { expect, test } from 'vitest'
import { attemptAnswered, attemptFor, openAttempt } from './attempt'

test('the same try keeps its key until it is answered', () => {
  const first = attemptFor('cart', { expected_total: 100 })
  expect(attemptFor('cart', { expected_total: 100 }).key).toBe(first.key)
  expect(openAttempt()?.key).toBe(first.key)
  attemptAnswered()
  expect(openAttempt()).toBeUndefined()
  expect(attemptFor('cart', { expected_total: 100 }).key).not.toBe(first.key)
})

test('another total or another cart is another try', () => {
  const first = attemptFor('cart', { expected_total: 100 })
  const second = attemptFor('cart', { expected_total: 101 })
  const third = attemptFor('other', { expected_total: 101 })
  expect(new Set([first.key, second.key, third.key]).size).toBe(3)
})

test('a broken note of an attempt is no attempt', () => {
  sessionStorage.setItem('allhours.attempt', '{')
  expect(openAttempt()).toBeUndefined()
  expect(attemptFor('cart', {}).key).toMatch(/^[0-9a-f]{32}$/)
})
