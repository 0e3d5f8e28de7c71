import { queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'

export type Sums = { revenue: number; orders: number; average: number; payment_success: number | null }
export type Dashboard = Sums & {
  currency?: string
  series: { at: string; orders: number; revenue: number }[]
  previous: Sums
  top_products: {
    id?: string
    product_id?: string
    variant_id?: string
    sku?: string
    title: string | Record<string, string>
    quantity: number
    revenue?: number
  }[]
  low_stock: {
    level_id?: string
    sku: string
    title?: string | Record<string, string>
    available: number
    location_name?: string
  }[]
  open_incidents: number | { id: string; title: string; severity: 'info' | 'warning' | 'critical'; opened_at: string }[]
  checklist: { id: string; done: boolean; link?: string; title?: string }[]
}
export const ranges = ['today', '7d', '30d'] as const
export type Range = (typeof ranges)[number]

export const dashboardQuery = (range: Range) =>
  queryOptions({
    queryKey: ['dashboard', range],
    queryFn: () => take<Dashboard>(api.GET('/api/v1/reports/dashboard', { params: { query: { range } } })),
  })
