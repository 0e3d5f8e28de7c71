import type { LiveEvent } from './leader'

/** What an event says: which thing of which topic changed. */
export type Change = { topic: string; id: string; type: string; data: unknown }

// The server's event types by what they touch. The first topic owns the event's subject.
const touched: Record<string, readonly [string, ...string[]]> = {
  'order.drafted': ['orders', 'dashboard'],
  'order.placed': ['orders', 'dashboard', 'customers'],
  'order.paid': ['orders', 'dashboard'],
  'order.payment_changed': ['orders', 'dashboard'],
  'order.cancelled': ['orders', 'dashboard'],
  'order.expired': ['orders', 'dashboard'],
  'order.completed': ['orders', 'dashboard'],
  'order.fulfilment_changed': ['orders'],
  'order.refunded': ['orders', 'dashboard'],
  'order.held': ['orders'],
  'order.released': ['orders'],
  'order.note_added': ['orders'],
  'order.changed': ['orders'],
  'payment.succeeded': ['payments', 'orders'],
  'payment.failed': ['payments', 'orders', 'dashboard'],
  'payment.pending': ['payments', 'orders'],
  'payment.unknown': ['payments', 'orders'],
  'payment.refunded': ['payments', 'orders'],
  'payment.mismatch': ['payments', 'orders'],
  'payment.orphan': ['payments'],
  'stock.changed': ['inventory', 'products', 'dashboard'],
  'product.changed': ['products', 'inventory'],
  'category.changed': ['categories', 'products'],
  'customer.created': ['customers'],
  'customer.changed': ['customers'],
  'customer.erased': ['customers'],
  'tenant.changed': ['tenant', 'me'],
  'member.invited': ['members'],
  'member.joined': ['members'],
  'member.changed': ['members', 'me'],
  'member.removed': ['members'],
  'incident.opened': ['incidents', 'dashboard', 'notifications'],
  'incident.changed': ['incidents', 'dashboard'],
  'notification.created': ['notifications'],
  'import.progress': ['imports'],
}

export const eventTypes = Object.keys(touched)

export function changeOf(event: LiveEvent): Change | undefined {
  const topics = touched[event.type]
  const message = event.data as { id?: unknown; data?: unknown } | undefined
  if (!topics || typeof message !== 'object' || message === null) return undefined
  return {
    topic: topics[0],
    id: typeof message.id === 'string' ? message.id : '',
    type: event.type,
    data: message.data,
  }
}

/** The topics whose lists and sums a change makes stale. */
export function listsOf(change: Change): readonly string[] {
  return touched[change.type] ?? []
}
