import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Schemas } from '../api/schemas'
import type { Search } from '../ui/listState'

export type Bought = Schemas['Summary']
export type Customer = Omit<Schemas['Listed'], 'orders'>
export type Listed = Schemas['Listed']
export type CustomerDetail = Schemas['Detail']
export type CustomerFields = Schemas['Fields']
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
