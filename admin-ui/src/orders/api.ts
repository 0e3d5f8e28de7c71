import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, once, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Schemas } from '../api/schemas'
import { withTimes } from '../ui/format'
import type { Search } from '../ui/listState'

export type Address = Schemas['OrdersAddress']
export type Line = Schemas['Line']
export type Fulfilment = Schemas['Group']
export type Payment = Schemas['PaymentView']
export type TimelineEntry = Schemas['Entry']
export type OrderSummary = Schemas['OrdersSummary']
export type Order = Schemas['Order']
export type NewOrder = Schemas['PlaceInput']
export type BulkResult = Schemas['BulkResult']
export type BulkFilter = NonNullable<Schemas['BulkInput']['filter']>
export type Bulk = Pick<Schemas['BulkInput'], 'action' | 'reason' | 'restock' | 'refund' | 'tags'>
export const orderKeys = [
  'status',
  'payment_status',
  'fulfilment_status',
  'on_hold',
  'tag',
  'q',
  'from',
  'to',
  'customer_id',
  'sort',
  'limit',
]

export const ordersQuery = (search: Search, zone: string) =>
  infiniteQueryOptions({
    queryKey: ['orders', 'list', search],
    meta: { live: false }, // rows never move under the cursor: the page listens and offers to show what is new
    ...pages(
      query => take<Paged<OrderSummary>>(api.GET('/api/v1/orders', { params: { query } })),
      withTimes(search, zone),
    ),
  })

export const orderQuery = (id: string) =>
  queryOptions({ queryKey: ['orders', 'one', id], queryFn: () => loadOrder(id) })

export function loadOrder(id: string) {
  return take<Order>(api.GET('/api/v1/orders/{id}', { params: { path: { id } } }))
}

/** What people call the order: its number, or the start of its id while it is a draft. */
export function orderName(order: { id: string; number?: number | null }) {
  return order.number ? `#${order.number}` : order.id.slice(-8)
}

export async function findOrders(q: string) {
  const page = await take<Paged<OrderSummary>>(api.GET('/api/v1/orders', { params: { query: { q, limit: 5 } } }))
  return page.items.map(o => ({ id: o.id, number: orderName(o), name: o.name || o.email }))
}

export function placeOrder(order: NewOrder, key: string) {
  return take<Order>(api.POST('/api/v1/orders', { params: { header: once(key) }, body: order }))
}

type OrderVerb = 'confirm' | 'hold' | 'release' | 'complete' | 'cancel' | 'fulfil' | 'notes' | 'tags'

export function actOnOrder(id: string, verb: OrderVerb, body: Record<string, unknown> = {}) {
  return take<Order>(
    api.POST(`/api/v1/orders/{id}/${verb}`, {
      params: { path: { id } },
      headers: once(),
      body,
    }),
  )
}

export function moveFulfilment(id: string, fid: string, body: { to: string } & Record<string, unknown>) {
  return take<Order>(api.POST('/api/v1/orders/{id}/fulfilments/{fid}/move', { params: { path: { id, fid } }, body }))
}

export function refundOrder(id: string, body: Record<string, unknown>, key: string) {
  return take(api.POST('/api/v1/orders/{id}/refunds', { params: { path: { id }, header: once(key) }, body }))
}

export function recordPayment(id: string, body: { amount: number; reference: string }, key: string) {
  return take(
    api.POST('/api/v1/orders/{id}/payments/manual', {
      params: { path: { id }, header: once(key) },
      body,
    }),
  )
}

/** What of a list's address narrows a bulk action. */
export function bulkFilter(search: Search, zone: string): BulkFilter {
  const { sort: _, limit: __, ...filter } = withTimes(search, zone)
  return filter
}

/** One part of a bulk action; the page calls it until all are done, so that it can show progress. */
export function bulkOrders(body: Schemas['BulkInput']) {
  return take<Schemas['BulkReport']>(api.POST('/api/v1/orders/bulk', { headers: once(), body }))
}

/** How many orders match, up to 10,000. */
export async function countOrders(filter: BulkFilter) {
  const { on_hold, ...rest } = filter
  const query = { ...rest, ...(on_hold && { on_hold }) }
  return (await take(api.GET('/api/v1/orders/counts', { params: { query } }))).matching
}

/** Units of a line that are in no parcel yet. */
export function openUnits(line: Line, fulfilments: Fulfilment[]) {
  const taken = fulfilments
    .filter(group => group.status !== 'cancelled')
    .flatMap(group => group.lines)
    .filter(part => part.line === line.line)
    .reduce((sum, part) => sum + part.quantity, 0)
  return line.quantity - line.cancelled - taken
}
