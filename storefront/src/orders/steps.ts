import type { Order } from '../api/shapes'

export type StepName = 'placed' | 'paid' | 'packed' | 'shipped' | 'delivered' | 'ready' | 'collected' | 'issued'
export type Step = { name: StepName; state: 'done' | 'now' | 'next'; at?: string }

const ways: Record<string, StepName[]> = {
  ship: ['placed', 'paid', 'packed', 'shipped', 'delivered'],
  pickup: ['placed', 'paid', 'ready', 'collected'],
  digital: ['placed', 'paid', 'issued']
}
const paidStates = ['paid', 'overpaid', 'authorized', 'partially_refunded', 'refunded']

type Axes = Pick<Order, 'status' | 'payment_status' | 'fulfilment_status' | 'fulfilment_type' | 'fulfilments'>

export const isPaid = (order: Pick<Order, 'payment_status'>): boolean => paidStates.includes(order.payment_status)
export const isOver = (order: Pick<Order, 'status'>): boolean => ['cancelled', 'expired'].includes(order.status)

/** paysLater: the shop collects the money itself, on delivery or by transfer; there is nothing to pay on this page. */
export const paysLater = (order: Pick<Order, 'payment_method'>): boolean =>
  ['manual', 'on_delivery'].includes(order.payment_method ?? '')

/** byTransfer: the shop has taken the order, and its customer has still to send the money by bank. */
export const byTransfer = (order: Pick<Order, 'status' | 'payment_method' | 'payment_status'>): boolean =>
  order.payment_method === 'manual' &&
  ['placed', 'completed'].includes(order.status) &&
  ['unpaid', 'partially_paid'].includes(order.payment_status)

/**
 * reached is the last step that all of the order has come to. The order's own status tells what has left and what has arrived;
 * within the house its groups tell, the slowest of them.
 */
function reached(order: Axes): StepName | undefined {
  const names = ways[order.fulfilment_type] ?? []
  if (order.status === 'completed' || order.fulfilment_status === 'delivered') return names.at(-1)
  if (order.fulfilment_status === 'fulfilled') return order.fulfilment_type === 'ship' ? 'shipped' : names.at(-1)
  if (order.fulfilment_status !== 'in_progress') return undefined
  const groups = (order.fulfilments ?? [])
    .filter(g => g.status !== 'cancelled')
    .map(g => names.indexOf(g.status as StepName))
  return groups.length ? names[Math.min(...groups)] : undefined
}

/** stepsOf is the way of an order from "placed" to the customer's hands. What is paid to the shop itself does not wait for "paid". */
export function stepsOf(order: Axes & Pick<Order, 'timeline' | 'payment_method'>): Step[] {
  const whole = ways[order.fulfilment_type] ?? ways.ship ?? []
  const names = paysLater(order) && !isPaid(order) ? whole.filter(name => name !== 'paid') : whole
  const last = reached(order)
  const far = last ? names.indexOf(last) : -1
  const done = (name: StepName, i: number) => {
    if (name === 'placed') return !['draft', 'awaiting_confirmation'].includes(order.status)
    if (name === 'paid') return isPaid(order)
    return i <= far
  }
  let now = false
  return names.map((name, i) => {
    const at = timeOf(order, name)
    if (done(name, i)) return { name, state: 'done', ...(at ? { at } : {}) }
    const state = now ? 'next' : 'now'
    now = true
    return { name, state }
  })
}

/** timeOf is when the order came to a step, as its timeline has it; of several parcels, the last one. */
function timeOf(order: Pick<Order, 'timeline'>, name: StepName): string | undefined {
  return order.timeline?.findLast(e => e.kind === name || (e.kind.endsWith('_changed') && e.to === name))?.at
}

/** Headline is the one thing the customer wants to know. */
export type Headline =
  | 'cancelled'
  | 'expired'
  | 'refunded'
  | 'pay'
  | 'failed'
  | 'checking'
  | 'waiting'
  | 'thanks'
  | 'accepted'
  | 'packed'
  | 'partly'
  | 'shipped'
  | 'ready'
  | 'done'

const dead = ['declined', 'failed', 'expired', 'voided']

export function headlineOf(order: Axes & Pick<Order, 'payment_method' | 'payments'>): Headline {
  if (order.status === 'cancelled') return 'cancelled'
  if (order.status === 'expired') return 'expired'
  if (order.payment_status === 'refunded') return 'refunded'
  const step = reached(order)
  if (step === 'delivered' || step === 'collected' || step === 'issued') return 'done'
  if (step === 'shipped' || step === 'ready' || step === 'packed') return step
  if (order.fulfilment_status === 'partially_fulfilled') return 'partly'
  if (order.status === 'awaiting_confirmation') return 'waiting'
  if (isPaid(order)) return 'thanks'
  if (paysLater(order)) return 'accepted'
  if (order.payment_status === 'failed') return 'failed'
  const last = order.payments?.at(-1)
  if (last && !last.next_action && !dead.includes(last.status)) return 'checking'
  return last && dead.includes(last.status) ? 'failed' : 'pay'
}
