import { expect, test } from 'vitest'
import type { Order } from '../api/shapes'
import { headlineOf, stepsOf } from './steps'

const order = (change: Partial<Order>) =>
  ({
    status: 'placed',
    payment_status: 'paid',
    fulfilment_status: 'unfulfilled',
    fulfilment_type: 'ship',
    ...change
  }) as Order
const line = (o: Order) =>
  stepsOf(o)
    .map(s => `${s.name}:${s.state}`)
    .join(' ')

test.each<[Partial<Order>, string]>([
  [{ status: 'draft', payment_status: 'pending' }, 'placed:now paid:next packed:next shipped:next delivered:next'],
  [{}, 'placed:done paid:done packed:now shipped:next delivered:next'],
  [{ fulfilment_status: 'shipped' }, 'placed:done paid:done packed:done shipped:done delivered:now'],
  [
    { fulfilment_status: 'shipped', payment_status: 'unpaid' },
    'placed:done paid:now packed:done shipped:done delivered:next'
  ],
  [{ fulfilment_status: 'delivered' }, 'placed:done paid:done packed:done shipped:done delivered:done'],
  [{ fulfilment_type: 'pickup', fulfilment_status: 'ready' }, 'placed:done paid:done ready:done collected:now'],
  [{ fulfilment_type: 'digital', fulfilment_status: 'issued' }, 'placed:done paid:done issued:done'],
  [
    { fulfilment_type: 'pickup', status: 'completed', fulfilment_status: 'collected' },
    'placed:done paid:done ready:done collected:done'
  ]
])('%j', (change, want) => {
  expect(line(order(change))).toBe(want)
})

test('a step knows when it happened', () => {
  const at = '2026-05-01T10:00:00Z'
  expect(stepsOf(order({ timeline: [{ id: '1', kind: 'order.paid', at }] }))[1]).toEqual({
    name: 'paid',
    state: 'done',
    at
  })
})

test.each<[Partial<Order>, string]>([
  [{ status: 'cancelled' }, 'cancelled'],
  [{ status: 'expired', payment_status: 'unpaid' }, 'expired'],
  [{ status: 'draft', payment_status: 'unpaid' }, 'pay'],
  [
    {
      status: 'draft',
      payment_status: 'pending',
      payments: [{ id: '1', status: 'pending', next_action: { type: 'qr', payload: 'x' } }]
    },
    'pay'
  ],
  [{ status: 'draft', payment_status: 'pending', payments: [{ id: '1', status: 'pending' }] }, 'checking'],
  [{ status: 'draft', payment_status: 'pending', payments: [{ id: '1', status: 'failed' }] }, 'pay'],
  [{ status: 'draft', payment_status: 'failed' }, 'failed'],
  [{}, 'thanks'],
  [{ payment_status: 'unpaid', payment_method: 'on_delivery' }, 'accepted'],
  [{ fulfilment_status: 'shipped' }, 'shipped'],
  [{ fulfilment_status: 'delivered' }, 'done'],
  [{ payment_status: 'refunded' }, 'refunded']
])('headline of %j is %s', (change, want) => {
  expect(headlineOf(order(change))).toBe(want)
})
