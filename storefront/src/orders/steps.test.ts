import { expect, test } from 'vitest'
import type { Order } from '../api/shapes'
import { byTransfer, headlineOf, stepsOf } from './steps'

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
const groups = (...status: string[]) => status.map(s => ({ type: 'ship', status: s }) as Order['fulfilments'][number])

test.each<[Partial<Order>, string]>([
  [{ status: 'draft', payment_status: 'pending' }, 'placed:now paid:next packed:next shipped:next delivered:next'],
  [{}, 'placed:done paid:done packed:now shipped:next delivered:next'],
  [
    { fulfilment_status: 'in_progress', fulfilments: groups('packed') },
    'placed:done paid:done packed:done shipped:now delivered:next'
  ],
  [
    { fulfilment_status: 'in_progress', fulfilments: groups('packed', 'picked') },
    'placed:done paid:done packed:now shipped:next delivered:next'
  ],
  [
    { fulfilment_status: 'fulfilled', fulfilments: groups('shipped') },
    'placed:done paid:done packed:done shipped:done delivered:now'
  ],
  [
    { fulfilment_status: 'partially_fulfilled', fulfilments: groups('shipped') },
    'placed:done paid:done packed:now shipped:next delivered:next'
  ],
  [
    { fulfilment_status: 'fulfilled', payment_status: 'unpaid' },
    'placed:done paid:now packed:done shipped:done delivered:next'
  ],
  [{ fulfilment_status: 'delivered' }, 'placed:done paid:done packed:done shipped:done delivered:done'],
  [
    { fulfilment_type: 'pickup', fulfilment_status: 'in_progress', fulfilments: groups('ready') },
    'placed:done paid:done ready:done collected:now'
  ],
  [
    { fulfilment_type: 'pickup', fulfilment_status: 'fulfilled', fulfilments: groups('collected') },
    'placed:done paid:done ready:done collected:done'
  ],
  [
    { fulfilment_type: 'digital', fulfilment_status: 'delivered', fulfilments: groups('issued') },
    'placed:done paid:done issued:done'
  ],
  [{ payment_method: 'manual', payment_status: 'unpaid' }, 'placed:done packed:now shipped:next delivered:next'],
  [{ fulfilment_type: 'pickup', status: 'completed' }, 'placed:done paid:done ready:done collected:done']
])('%j', (change, want) => {
  expect(line(order(change))).toBe(want)
})

test('a step knows when it happened', () => {
  const timeline = [
    { kind: 'placed', at: '2026-05-01T10:00:00Z' },
    { kind: 'payment_changed', to: 'paid', at: '2026-05-01T10:01:00Z' },
    { kind: 'fulfilment_changed', to: 'shipped', at: '2026-05-02T10:00:00Z' },
    { kind: 'fulfilment_changed', to: 'shipped', at: '2026-05-03T10:00:00Z' }
  ]
  expect(stepsOf(order({ fulfilment_status: 'fulfilled', timeline })).map(s => s.at?.slice(8, 16))).toEqual([
    '01T10:00',
    '01T10:01',
    undefined,
    '03T10:00',
    undefined
  ])
})

const pay = (p: Partial<Order['payments'][number]>) => [p as Order['payments'][number]]
const qr = { type: 'qr' as const, payload: 'x' }
test.each<[Partial<Order>, string]>([
  [{ status: 'cancelled' }, 'cancelled'],
  [{ status: 'expired', payment_status: 'unpaid' }, 'expired'],
  [{ status: 'draft', payment_status: 'unpaid' }, 'pay'],
  [
    { status: 'draft', payment_status: 'pending', payments: pay({ status: 'action_required', next_action: qr }) },
    'pay'
  ],
  [{ status: 'draft', payment_status: 'pending', payments: pay({ status: 'unknown' }) }, 'checking'],
  [{ status: 'draft', payment_status: 'unpaid', payments: pay({ status: 'expired' }) }, 'failed'],
  [{ status: 'draft', payment_status: 'failed' }, 'failed'],
  [{ status: 'awaiting_confirmation', payment_method: 'manual', payment_status: 'unpaid' }, 'waiting'],
  [{}, 'thanks'],
  [{ payment_status: 'unpaid', payment_method: 'on_delivery' }, 'accepted'],
  [{ fulfilment_status: 'partially_fulfilled' }, 'partly'],
  [{ fulfilment_status: 'fulfilled' }, 'shipped'],
  [{ fulfilment_status: 'in_progress', fulfilments: groups('packed') }, 'packed'],
  [{ fulfilment_status: 'delivered' }, 'done'],
  [{ payment_status: 'refunded' }, 'refunded']
])('headline of %j is %s', (change, want) => {
  expect(headlineOf(order(change))).toBe(want)
})

test.each<[Partial<Order>, boolean]>([
  [{ payment_method: 'manual', payment_status: 'unpaid' }, true],
  [{ payment_method: 'manual', payment_status: 'partially_paid', fulfilment_status: 'delivered' }, true],
  [{ payment_method: 'manual', payment_status: 'paid' }, false],
  [{ payment_method: 'manual', payment_status: 'unpaid', status: 'awaiting_confirmation' }, false],
  [{ payment_method: 'manual', payment_status: 'unpaid', status: 'cancelled' }, false],
  [{ payment_method: 'on_delivery', payment_status: 'unpaid' }, false]
])('%j is to be paid by transfer: %s', (change, want) => {
  expect(byTransfer(order(change))).toBe(want)
})
