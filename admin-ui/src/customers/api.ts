import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Address, Order } from '../orders/api'
import type { Search } from '../ui/listState'

export type Customer = {
  id: string
  kind?: string
  name: string
  email: string
  phone?: string | null
  language?: string | null
  note?: string | null
  tags?: string[] | null
  marketing_consent?: boolean
  consents?: Record<string, unknown> | null
  addresses?: (Address & { id?: string })[] | null
  orders?: { count: number; total?: number; last_at?: string | null; currency?: string } | Order[] | null
  erased_at?: string | null
  created_at: string
  version?: number
}

export const customersQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['customers', 'list', search],
    ...pages(query => take<Paged<Customer>>(api.GET('/api/v1/customers', { params: { query } })), search),
  })

export const customerQuery = (id: string) =>
  queryOptions({
    queryKey: ['customers', 'one', id],
    queryFn: () => take<Customer>(api.GET('/api/v1/customers/{id}', { params: { path: { id } } })),
  })

export async function findCustomers(q: string) {
  const page = await take<Paged<Customer>>(api.GET('/api/v1/customers', { params: { query: { q, limit: 5 } } }))
  return page.items.map(c => ({ id: c.id, name: c.name || c.email, email: c.email }))
}

export function createCustomer(body: Record<string, unknown>) {
  return take<Customer>(api.POST('/api/v1/customers', { body }))
}

export function changeCustomer(id: string, body: Record<string, unknown>) {
  return take<Customer>(api.PATCH('/api/v1/customers/{id}', { params: { path: { id } }, body }))
}

export function eraseCustomer(id: string, reason: string) {
  return take(api.POST('/api/v1/customers/{id}/erase', { params: { path: { id } }, body: { reason } }))
}
