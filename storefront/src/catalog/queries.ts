import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answer, api } from '../api/client'
import type { Category, Page, Product, ProductCard } from '../api/shapes'

export type Shelf = { category?: string; q?: string; sort?: string }

export const categoriesQuery = queryOptions({
  queryKey: ['catalog', 'categories'],
  queryFn: async () => (await answer<Page<Category>>(api.GET('/api/v1/storefront/categories', {}))).items,
  staleTime: 5 * 60_000
})

export const shelfQuery = (shelf: Shelf, limit = 24) =>
  infiniteQueryOptions({
    queryKey: ['catalog', 'shelf', shelf, limit],
    queryFn: ({ pageParam }) =>
      answer<Page<ProductCard>>(
        api.GET('/api/v1/storefront/products', {
          params: { query: { ...shelf, limit, cursor: pageParam || undefined } }
        })
      ),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor || undefined
  })

export const productQuery = (slug: string) =>
  queryOptions({
    queryKey: ['catalog', 'product', slug],
    queryFn: () => answer<Product>(api.GET('/api/v1/storefront/products/{slug}', { params: { path: { slug } } }))
  })
