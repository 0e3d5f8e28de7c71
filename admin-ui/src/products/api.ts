import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take, upload } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Schemas } from '../api/schemas'
import { inWords, type Localized } from '../i18n/inWords'
import type { Search } from '../ui/listState'

export type Stock = Schemas['Supply']
export type Price = Schemas['Price']
export type Variant = Schemas['Variant']
export type Media = Schemas['Media']
export type Product = Schemas['Product']
export type Category = Schemas['Category']
export type PriceList = Schemas['PriceList']
export type TaxRate = Schemas['TaxRate']
export type Import = Schemas['Import']
export type Refusal = Schemas['Refusal']

export const productKeys = ['q', 'status', 'category', 'stock', 'sort', 'limit']

export const productsQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['products', 'list', search],
    ...pages(query => take<Paged<Product>>(api.GET('/api/v1/products', { params: { query } })), search),
  })

export const productQuery = (id: string) =>
  queryOptions({
    queryKey: ['products', 'one', id],
    queryFn: () => take<Product>(api.GET('/api/v1/products/{id}', { params: { path: { id } } })),
  })

export const categoriesQuery = queryOptions({
  queryKey: ['categories'],
  queryFn: () => take<{ items: Category[] }>(api.GET('/api/v1/categories')),
})

export const priceListsQuery = queryOptions({
  queryKey: ['price-lists'],
  queryFn: () => take<{ items: PriceList[] }>(api.GET('/api/v1/price-lists')),
})

export const taxRatesQuery = queryOptions({
  queryKey: ['tax-rates'],
  queryFn: () => take(api.GET('/api/v1/tax-rates')),
})

export const importsQuery = queryOptions({
  queryKey: ['imports'],
  queryFn: () => take<Paged<Import>>(api.GET('/api/v1/imports', {})),
})

export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ['imports', 'one', id],
    queryFn: () => take<Import>(api.GET('/api/v1/imports/{id}', { params: { path: { id } } })),
  })

export const refusalsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['imports', 'refusals', id],
    ...pages(
      query => take<Paged<Refusal>>(api.GET('/api/v1/imports/{id}/refusals', { params: { path: { id }, query } })),
      {},
    ),
  })

export async function findProducts(q: string) {
  const page = await take<Paged<Product>>(api.GET('/api/v1/products', { params: { query: { q, limit: 5 } } }))
  return page.items.map(p => ({ id: p.id, label: inWords(p.title), detail: p.variants?.[0]?.sku ?? '' }))
}

/** As the form holds it: complete. */
export type VariantInput = Required<Omit<Schemas['VariantInput'], 'id' | 'cost' | 'on_hand' | 'uses' | 'prices'>> & {
  id?: string
  cost?: number
  on_hand?: number
  prices: Price[]
}
export type ProductInput = Required<Omit<Schemas['ProductInput'], 'slug' | 'version' | 'variants'>> & {
  slug?: string
  variants: VariantInput[]
}
export function createProduct(product: ProductInput) {
  return take<Product>(api.POST('/api/v1/products', { body: product }))
}

export function saveProduct(id: string, product: ProductInput & { version: number }) {
  return take<Product>(api.PUT('/api/v1/products/{id}', { params: { path: { id } }, body: product }))
}

export function archiveProduct(id: string) {
  return take(api.DELETE('/api/v1/products/{id}', { params: { path: { id } } }))
}

export function bulkProducts(ids: string[], action: 'activate' | 'draft' | 'archive') {
  return take<unknown>(api.POST('/api/v1/products/bulk', { body: { ids, action } }))
}

export function addMedia(productId: string, file: File) {
  return upload<Media>(`/api/v1/products/${productId}/media`, { file })
}

export function changeMedia(id: string, body: Record<string, unknown>) {
  return take<Media>(api.PATCH('/api/v1/media/{id}', { params: { path: { id } }, body }))
}

export function removeMedia(id: string) {
  return take(api.DELETE('/api/v1/media/{id}', { params: { path: { id } } }))
}

export type CategoryInput = {
  id?: string
  parent_id?: string
  slug?: string
  title: Localized
  rank: number
  version?: number
}

export function saveCategory({ id, ...body }: CategoryInput) {
  if (id) return take<Category>(api.PUT('/api/v1/categories/{id}', { params: { path: { id } }, body }))
  return take<Category>(api.POST('/api/v1/categories', { body }))
}

export function removeCategory(id: string) {
  return take(api.DELETE('/api/v1/categories/{id}', { params: { path: { id } } }))
}

export function startImport(file: File, dryRun: boolean) {
  return upload<{ id: string }>('/api/v1/imports', { kind: 'products', dry_run: String(dryRun), file })
}

export function cancelImport(id: string) {
  return take(api.POST('/api/v1/imports/{id}/cancel', { params: { path: { id } } }))
}

/** Variants on sale whose product or SKU matches. */
export async function searchVariants(q: string) {
  const page = await take<Paged<Product>>(
    api.GET('/api/v1/products', { params: { query: { limit: 20, status: 'active', ...(q && { q }) } } }),
  )
  return page.items.flatMap(product =>
    product.variants.filter(v => v.status === 'active').map(variant => ({ product, variant })),
  )
}
