import { expect, test } from 'vitest'
import { changeOf, eventTypes, listsOf } from './topics'

const event = (type: string, data: unknown) => ({ type, id: 'e1', data })

test('an event says which thing changed and which lists are stale', () => {
  const change = changeOf(event('order.placed', { type: 'order.placed', id: 'o1', data: { number: 7 } }))
  expect(change).toEqual({ topic: 'orders', id: 'o1', type: 'order.placed', data: { number: 7 } })
  expect(change && listsOf(change)).toContain('dashboard')
})

test('what is not known, or not whole, changes nothing', () => {
  expect(changeOf(event('weather.changed', { id: 'x' }))).toBeUndefined()
  expect(changeOf(event('order.placed', undefined))).toBeUndefined()
  expect(changeOf(event('order.placed', null))).toBeUndefined()
})

test('stock moves what is shown of inventory, products and the dashboard', () => {
  const change = changeOf(event('stock.changed', { id: 'l1' }))
  expect(change && listsOf(change)).toEqual(['inventory', 'products', 'dashboard'])
  expect(eventTypes).toContain('notification.created')
})
