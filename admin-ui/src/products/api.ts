import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take, upload } from '../api/client'
import { type Paged, pages } from '../api/paging'
import { inWords, type Localized } from '../i18n/inWords'
import type { Search } from '../ui/listState'

export type Stock = { on_hand: number; committed: number; reserved: number; available: number }
export type Price = { price_list_id: string; min_quantity: number; amount: number }
export type Variant = {
  id?: string
  sku: string
  barcode?: string | null
  options: Record<string, string>
  status: string
  fulfilment_types: string[]
  quantity_min: number
  quantity_max?: number | null
  quantity_step: number
  weight_g?: number | null
  tracked: boolean
  cost?: number | null
  prices: Price[]
  stock?: Stock | null
}
export type Media = { id: string; url: string; width: number; height: number; alt: Localized | null }
export type Product = {
  id: string
  slug: string
  type: string
  status: string
  title: Localized
  description: Localized
  tax_class: string
  attributes: Record<string, string> | null
  options: { name: string; values: string[] }[]
  category_ids: string[]
  media: Media[]
  variants: Variant[]
  version: number
  created_at: string
  updated_at: string
}
export type Category = {
  id: string
  slug: string
  title: Localized
  parent_id?: string | null
  rank: number
  version: number
  products: number
}
export type PriceList = {
  id: string
  name: string
  currency: string
  tax_included: boolean
  default: boolean
  prices: number
  version: number
}
export type TaxRate = { tax_class: string; country: string; basis_points: number }
export type Import = {
  id: string
  kind: string
  status: string
  dry_run?: boolean
  lines: number
  accepted: number
  refused: number
  summary?: Record<string, unknown> | null
  created_at: string
}
export type Refusal = { line: number; reason?: string; message?: string; code?: string; field?: string; raw?: string }

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
  queryFn: () => take<{ items: TaxRate[] }>(api.GET('/api/v1/tax-rates')),
})

export const importsQuery = queryOptions({
  queryKey: ['imports'],
  queryFn: () => take<Paged<Import>>(api.GET('/api/v1/imports')),
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

export type VariantInput = Omit<Variant, 'stock' | 'quantity_max' | 'weight_g' | 'cost'> & {
  quantity_max?: number
  weight_g?: number
  cost?: number
  on_hand?: number
}
export type ProductInput = Omit<
  Product,
  'id' | 'slug' | 'version' | 'created_at' | 'updated_at' | 'media' | 'variants'
> & {
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

export function bulkProducts(ids: string[], action: string) {
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
