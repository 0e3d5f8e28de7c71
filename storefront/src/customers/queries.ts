import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '../api/client'
import { Problem } from '../api/problem'
import type { Customer } from '../api/shapes'

/** meQuery is the signed-in customer, or null for a guest. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<Customer | null> => {
    try {
      return await answer(api.GET('/api/v1/storefront/me', {}))
    } catch (error) {
      if (error instanceof Problem && [401, 403].includes(error.status)) return null
      throw error
    }
  },
  staleTime: 60_000
})

export const addressesQuery = queryOptions({
  queryKey: ['me', 'addresses'],
  queryFn: async () => (await answer(api.GET('/api/v1/storefront/me/addresses', {}))).items
})

export const myOrdersQuery = queryOptions({
  queryKey: ['me', 'orders'],
  queryFn: async () =>
    (await answer(api.GET('/api/v1/storefront/me/orders', { params: { query: { limit: 50 } } }))).items
})
