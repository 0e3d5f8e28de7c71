import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Address } from '../orders/api'
import type { Search } from '../ui/listState'

export type Bought = { orders: number; total: number; currency?: string; last_at?: string }
export type Customer = {
  id: string
  kind: 'guest' | 'account'
  name: string
  email: string
  email_confirmed: boolean
  phone: string
  language: string
  country: string
  note?: string
  consents: Record<string, { granted: boolean; at: string; source: string }> | null
  erased_at?: string
  created_at: string
  version: number
}
export type Listed = Customer & { orders: Bought }
export type CustomerDetail = Customer & {
  addresses: (Address & { id: string; label?: string; is_default: boolean })[]
  orders: Bought
  consent_history: { kind: string; granted: boolean; source: string; at: string }[]
}
export type CustomerFields = {
  email?: string
  phone?: string
  name?: string
  language?: string
  note?: string
  consents?: Record<string, boolean>
}

export const customersQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['customers', 'list', search],
    ...pages(query => take<Paged<Listed>>(api.GET('/api/v1/customers', { params: { query } })), search),
  })

export const customerQuery = (id: string) =>
  queryOptions({
    queryKey: ['customers', 'one', id],
    queryFn: () => take<CustomerDetail>(api.GET('/api/v1/customers/{id}', { params: { path: { id } } })),
  })

export async function findCustomers(q: string) {
  const page = await take<Paged<Customer>>(api.GET('/api/v1/customers', { params: { query: { q, limit: 5 } } }))
  return page.items.map(c => ({ id: c.id, name: c.name || c.email, email: c.email }))
}

export function createCustomer(body: CustomerFields) {
  return take<Customer>(api.POST('/api/v1/customers', { body }))
}

export function changeCustomer(id: string, body: CustomerFields & { version: number }) {
  return take<Customer>(api.PATCH('/api/v1/customers/{id}', { params: { path: { id } }, body }))
}

export function eraseCustomer(id: string, reason: string) {
  return take(api.POST('/api/v1/customers/{id}/erase', { params: { path: { id } }, body: { reason } }))
}
