import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, newKey, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import { withTimes } from '../ui/format'
import type { Search } from '../ui/listState'

export type Address = {
  name: string
  company?: string
  lines: string[]
  city: string
  region?: string
  postal_code?: string
  country: string
  phone?: string
}
export type Line = {
  line: number
  variant_id?: string
  sku: string
  title: Record<string, string>
  options: Record<string, string> | null
  image: string
  quantity: number
  unit_price: number
  discount: number
  tax: number
  total: number
  fulfilled: number
  cancelled: number
  restocked: number
  refunded: number
}
export type Fulfilment = {
  id: string
  type: string
  status: string
  location_id?: string
  lines: { line: number; quantity: number }[]
  carrier?: string
  tracking_number?: string
  tracking_url?: string
  tracking_status?: string
  shipped_at?: string
  delivered_at?: string
  allowed: string[]
  version: number
  created_at: string
}
export type Payment = {
  id: string
  method: string
  status: string
  amount: number
  captured: number
  refunded: number
  currency: string
  reason?: string | null
  created_at: string
}
export type TimelineEntry = {
  id: string
  kind: string
  at: string
  actor: { kind: string; id?: string; name?: string }
  data?: Record<string, unknown>
  public?: boolean
}
export type OrderSummary = {
  id: string
  number: number | null
  external_ref?: string
  channel: string
  status: string
  payment_status: string
  fulfilment_status: string
  fulfilment_type: string
  hold?: { reason: string; owner: string; until?: string }
  payment_method: string
  location_id?: string
  currency: string
  language?: string
  customer_id?: string
  email: string
  phone: string
  name: string
  shipping_address?: Address
  note: string
  tags: string[]
  units: number
  subtotal: number
  discount_total: number
  shipping_total: number
  tax_total: number
  total: number
  paid_total: number
  refunded_total: number
  tax_included: boolean
  cancel_reason?: string
  expires_at?: string
  placed_at?: string
  created_at: string
  version: number
}
export type Order = OrderSummary & {
  lines: Line[]
  fulfilments: Fulfilment[]
  payments: Payment[]
  timeline: TimelineEntry[]
  notes: { id: string; author: string; text: string; at: string }[]
  allowed: string[]
}
export type NewOrder = {
  customer?: { id?: string; email?: string; name?: string; phone?: string }
  fulfilment_type: string
  location_id?: string
  shipping_address?: Address
  lines: { variant_id: string; quantity: number }[]
  payment: { method: string }
  expected_total?: number
  note?: string
}
export type BulkResult = { id: string; number?: number; ok: boolean; code?: string; message?: string }

export const orderKeys = [
  'status',
  'payment_status',
  'fulfilment_status',
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
export function orderName(order: Pick<OrderSummary, 'id' | 'number'>) {
  return order.number ? `#${order.number}` : order.id.slice(-8)
}

export async function findOrders(q: string) {
  const page = await take<Paged<OrderSummary>>(api.GET('/api/v1/orders', { params: { query: { q, limit: 5 } } }))
  return page.items.map(o => ({ id: o.id, number: orderName(o), name: o.name || o.email }))
}

export function placeOrder(order: NewOrder, key: string) {
  return take<Order>(api.POST('/api/v1/orders', { params: { header: { 'Idempotency-Key': key } }, body: order }))
}

type OrderVerb = 'confirm' | 'hold' | 'release' | 'complete' | 'cancel' | 'fulfil' | 'notes' | 'tags'

export function actOnOrder(id: string, verb: OrderVerb, body: Record<string, unknown> = {}) {
  return take<Order>(
    api.POST(`/api/v1/orders/{id}/${verb}`, {
      params: { path: { id }, header: { 'Idempotency-Key': newKey() } },
      body,
    }),
  )
}

export function moveFulfilment(id: string, fid: string, body: { to: string } & Record<string, unknown>) {
  return take<Order>(api.POST('/api/v1/orders/{id}/fulfilments/{fid}/move', { params: { path: { id, fid } }, body }))
}

export function refundOrder(id: string, body: Record<string, unknown>, key: string) {
  return take(
    api.POST('/api/v1/orders/{id}/refunds', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body }),
  )
}

export function recordPayment(id: string, body: { amount: number; reference: string }, key: string) {
  return take(
    api.POST('/api/v1/orders/{id}/payments/manual', {
      params: { path: { id }, header: { 'Idempotency-Key': key } },
      body,
    }),
  )
}

/** One chunk of a bulk action; the page calls it until all are done, so that it can show progress. */
export async function bulkOrders(ids: string[], action: string) {
  const answer = await take<{ results: BulkResult[] }>(
    api.POST('/api/v1/orders/bulk', { params: { header: { 'Idempotency-Key': newKey() } }, body: { ids, action } }),
  )
  return answer.results
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
