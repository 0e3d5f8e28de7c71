import type { Order } from '../api/shapes'

export type StepName = 'placed' | 'paid' | 'packed' | 'shipped' | 'delivered' | 'ready' | 'collected' | 'issued'
export type Step = { name: StepName; state: 'done' | 'now' | 'next'; at?: string }

const ways: Record<string, StepName[]> = {
  ship: ['placed', 'paid', 'packed', 'shipped', 'delivered'],
  pickup: ['placed', 'paid', 'ready', 'collected'],
  digital: ['placed', 'paid', 'issued']
}
const reachedBy: Record<string, StepName> = {
  packed: 'packed',
  shipped: 'shipped',
  delivered: 'delivered',
  ready: 'ready',
  collected: 'collected',
  issued: 'issued'
}
const paidStates = ['paid', 'overpaid', 'authorized', 'partially_refunded', 'refunded']

export const isPaid = (order: Pick<Order, 'payment_status'>): boolean => paidStates.includes(order.payment_status)
export const isOver = (order: Pick<Order, 'status'>): boolean => ['cancelled', 'expired'].includes(order.status)

/** stepsOf is the way of an order from "placed" to the customer's hands. Goods that move before they are paid do not wait for "paid". */
export function stepsOf(
  order: Pick<Order, 'status' | 'payment_status' | 'fulfilment_status' | 'fulfilment_type' | 'timeline'>
): Step[] {
  const names = ways[order.fulfilment_type] ?? ways.ship ?? []
  const fulfilled = names.indexOf(reachedBy[order.fulfilment_status] ?? 'placed')
  const done = (name: StepName, i: number) => {
    if (name === 'placed') return order.status !== 'draft'
    if (name === 'paid') return isPaid(order)
    return order.status === 'completed' || i <= fulfilled
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

function timeOf(order: Pick<Order, 'timeline'>, name: StepName): string | undefined {
  const entries = (order.timeline ?? []).filter(
    e => e.kind === name || e.kind.endsWith(`.${name}`) || e.kind.endsWith(`_${name}`)
  )
  return entries[0]?.at
}

/** Headline is the one thing the customer wants to know. */
export type Headline =
  | 'cancelled'
  | 'expired'
  | 'refunded'
  | 'pay'
  | 'failed'
  | 'checking'
  | 'thanks'
  | 'accepted'
  | 'packed'
  | 'shipped'
  | 'ready'
  | 'done'

export function headlineOf(
  order: Pick<Order, 'status' | 'payment_status' | 'fulfilment_status' | 'payment_method' | 'payments'>
): Headline {
  if (order.status === 'cancelled') return 'cancelled'
  if (order.status === 'expired') return 'expired'
  if (order.payment_status === 'refunded') return 'refunded'
  if (['delivered', 'collected', 'issued'].includes(order.fulfilment_status) || order.status === 'completed')
    return 'done'
  if (order.fulfilment_status === 'shipped') return 'shipped'
  if (order.fulfilment_status === 'ready') return 'ready'
  if (isPaid(order)) return order.fulfilment_status === 'packed' ? 'packed' : 'thanks'
  if (paysLater(order)) return order.fulfilment_status === 'packed' ? 'packed' : 'accepted'
  if (order.payment_status === 'failed') return 'failed'
  const last = order.payments?.at(-1)
  if (
    order.payment_status === 'pending' &&
    last &&
    !last.next_action &&
    !['failed', 'expired', 'cancelled', 'voided'].includes(last.status)
  ) {
    return 'checking'
  }
  return 'pay'
}

/** paysLater: the shop collects the money itself, on delivery or by transfer; there is nothing to pay on this page. */
export const paysLater = (order: Pick<Order, 'payment_method'>): boolean =>
  ['manual', 'on_delivery'].includes(order.payment_method ?? '') || !!order.payment_method?.endsWith('/manual')
