import { queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import type { Localized } from '../i18n/inWords'

export type Figures = {
  orders: number
  revenue: number
  average: number
  units: number
  customers: number
  /** Share of payment attempts that succeeded, 0 to 1. */
  payment_success: number
}
export type Point = { at: string; orders: number; revenue: number }
export type Dashboard = {
  currency: string
  current: Figures
  previous: Figures
  step: 'hour' | 'day'
  series: Point[]
  previous_series: Point[]
  top_products: { sku: string; title: Localized; units: number; revenue: number }[]
  low_stock: {
    level_id: string
    product_id: string
    sku: string
    title: Localized
    location: string
    available: number
  }[]
  open_incidents: number
  to_fulfil: number
  unpaid: number
  checklist: { id: string; done: boolean; link: string }[]
}
export const ranges = ['today', '7d', '30d', '90d'] as const
export type Range = (typeof ranges)[number]

export const dashboardQuery = (range: Range) =>
  queryOptions({
    queryKey: ['dashboard', range],
    queryFn: () => take<Dashboard>(api.GET('/api/v1/reports/dashboard', { params: { query: { range } } })),
  })
