import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answer, api } from '../api/client'
import type { paths } from '../api/schema'

type Query = NonNullable<paths['/api/v1/storefront/products']['get']['parameters']['query']>
export type Shelf = Pick<Query, 'category' | 'q' | 'sort'>
export type Sort = NonNullable<Query['sort']>

export const sorts: readonly string[] = ['newest', 'title', 'price', '-price'] satisfies Sort[]

export const categoriesQuery = queryOptions({
  queryKey: ['catalog', 'categories'],
  queryFn: async () => (await answer(api.GET('/api/v1/storefront/categories', {}))).items.filter(c => c.products > 0),
  staleTime: 5 * 60_000
})

export const shelfQuery = (shelf: Shelf, limit = 24) =>
  infiniteQueryOptions({
    queryKey: ['catalog', 'shelf', shelf, limit],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET('/api/v1/storefront/products', {
          params: { query: { ...shelf, limit, ...(pageParam ? { cursor: pageParam } : {}) } }
        })
      ),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor || undefined
  })

export const productQuery = (slug: string) =>
  queryOptions({
    queryKey: ['catalog', 'product', slug],
    queryFn: () => answer(api.GET('/api/v1/storefront/products/{slug}', { params: { path: { slug } } }))
  })
