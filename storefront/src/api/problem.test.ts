import { expect, test } from 'vitest'
import { fieldName, toProblem } from './problem'

test('a problem keeps its code, fields, reference and extra members', () => {
  const p = toProblem(409, {
    title: 'Conflict',
    detail: 'The total has changed.',
    code: 'order.total_changed',
    request_id: 'r1',
    errors: [{ field: 'body.shipping_address.lines[0]', message: 'is empty' }],
    total: 1299
  })
  expect([p.status, p.code, p.message, p.requestId]).toEqual([
    409,
    'order.total_changed',
    'The total has changed.',
    'r1'
  ])
  expect(p.fields).toEqual([{ name: 'shipping_address.lines.0', message: 'is empty' }])
  expect(p.extra).toMatchObject({ total: 1299 })
  expect(p.unanswered).toBe(false)
})

test.each([
  [502, '<html>'],
  [500, null],
  [503, undefined]
])('a body that is no problem still makes one: %s', (status, body) => {
  const p = toProblem(status, body)
  expect(p.code).toBe(`http.${status}`)
  expect(p.unanswered).toBe(true)
})

test.each([
  ['email', 'email'],
  ['body.email', 'email'],
  ['body.lines[2].quantity', 'lines.2.quantity']
])('fieldName(%s)', (from, to) => {
  expect(fieldName(from)).toBe(to)
})
