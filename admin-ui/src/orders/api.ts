import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, newKey, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
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
  variant_id: string
  sku: string
  title: string | Record<string, string>
  options?: Record<string, string> | null
  image?: string | null
  quantity: number
  unit_price: number
  discount: number
  tax: number
  total: number
  fulfilled: number
  restocked: number
  refunded: number
}
export type Fulfilment = {
  id: string
  type?: string
  status: string
  carrier?: string | null
  tracking_number?: string | null
  tracking_url?: string | null
  lines?: { line: number; quantity: number }[] | null
  allowed?: string[] | null
  created_at?: string
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
  id: string | number
  kind: string
  at: string
  actor?: { kind?: string; name?: string } | string | null
  data?: Record<string, unknown> | null
}
export type Order = {
  id: string
  number: string
  external_ref?: string | null
  channel: string
  status: string
  payment_status: string
  fulfilment_status: string
  fulfilment_type: string
  hold?: { reason: string; owner?: string; until?: string | null } | null
  payment_method?: string | null
  currency: string
  language?: string
  customer_id?: string | null
  email?: string | null
  phone?: string | null
  name?: string | null
  shipping_address?: Address | null
  note?: string | null
  tags?: string[] | null
  subtotal: number
  discount_total: number
  shipping_total: number
  tax_total: number
  total: number
  paid_total: number
  refunded_total: number
  tax_included: boolean
  lines?: Line[] | null
  fulfilments?: Fulfilment[] | null
  payments?: Payment[] | null
  timeline?: TimelineEntry[] | null
  allowed?: string[] | null
  expires_at?: string | null
  placed_at?: string | null
  created_at: string
  version: number
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
export type BulkResult = {
  id: string
  ok?: boolean
  error?: { code?: string; message?: string; detail?: string } | string | null
}

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

export const ordersQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['orders', 'list', search],
    meta: { live: false }, // rows never move under the cursor: the page listens and offers to show what is new
    ...pages(query => take<Paged<Order>>(api.GET('/api/v1/orders', { params: { query } })), search),
  })

export const orderQuery = (id: string) =>
  queryOptions({ queryKey: ['orders', 'one', id], queryFn: () => loadOrder(id) })

export const orderPaymentsQuery = (id: string) =>
  queryOptions({
    queryKey: ['payments', 'order', id],
    queryFn: () => take<{ items: Payment[] }>(api.GET('/api/v1/orders/{id}/payments', { params: { path: { id } } })),
  })

export const orderCountsQuery = queryOptions({
  queryKey: ['orders', 'counts'],
  queryFn: () => take<Record<string, number>>(api.GET('/api/v1/orders/counts')),
})

export function loadOrder(id: string) {
  return take<Order>(api.GET('/api/v1/orders/{id}', { params: { path: { id } } }))
}

export async function findOrders(q: string) {
  const page = await take<Paged<Order>>(api.GET('/api/v1/orders', { params: { query: { q, limit: 5 } } }))
  return page.items.map(o => ({ id: o.id, number: o.number, name: o.name ?? o.email ?? '' }))
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
  const answer = await take<{ results?: BulkResult[]; items?: BulkResult[] }>(
    api.POST('/api/v1/orders/bulk', { params: { header: { 'Idempotency-Key': newKey() } }, body: { ids, action } }),
  )
  return answer.results ?? answer.items ?? []
}
