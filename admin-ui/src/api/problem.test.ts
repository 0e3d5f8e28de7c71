import { expect, test } from 'vitest'
import { asProblem, formPath, Problem, problemOf } from './problem'

function answer(status: number, headers: Record<string, string> = {}) {
  return new Response(null, { status, headers })
}

test('a problem document keeps its code, its sentence and its fields', () => {
  const problem = problemOf(answer(422), {
    title: 'Invalid',
    detail: 'The order has mistakes.',
    code: 'order.invalid',
    request_id: 'r-1',
    errors: [
      { field: 'body.lines[0].quantity', message: 'must be at least 1' },
      { field: 'email', message: 'is no e-mail address' },
      { message: 'something without a place' },
    ],
  })
  expect(problem).toMatchObject({
    status: 422,
    code: 'order.invalid',
    message: 'The order has mistakes.',
    requestId: 'r-1',
    fields: { 'lines.0.quantity': 'must be at least 1', email: 'is no e-mail address' },
  })
})

test('an answer that is no problem document still says what it can', () => {
  const problem = problemOf(answer(502, { 'X-Request-Id': 'r-2' }), undefined)
  expect(problem).toMatchObject({ status: 502, code: 'http_502', requestId: 'r-2', fields: {} })
})

test('too many requests says how long to wait', () => {
  expect(problemOf(answer(429, { 'Retry-After': '7' }), {}).retryAfter).toBe(7)
  expect(problemOf(answer(429), {}).retryAfter).toBeUndefined()
})

test('the first message of a field wins', () => {
  const errors = [
    { field: 'slug', message: 'first' },
    { field: 'slug', message: 'second' },
  ]
  expect(problemOf(answer(422), { errors }).fields).toEqual({ slug: 'first' })
})

test.each([
  ['body.items[2].price', 'items.2.price'],
  ['/items/2/price', 'items.2.price'],
  ['#/name', 'name'],
  ['query.limit', 'limit'],
  ['body', ''],
  ['bodyweight', 'bodyweight'],
])('%s is the form path %s', (pointer, path) => {
  expect(formPath(pointer)).toBe(path)
})

test('what never reached the server is offline, a mistake of ours is unexpected', () => {
  expect(asProblem(new TypeError('Failed to fetch')).code).toBe('offline')
  expect(asProblem(new TypeError('x is not a function')).code).toBe('unexpected')
  const problem = new Problem(409, 'c', '', '', {}, '', undefined)
  expect(asProblem(problem)).toBe(problem)
})
