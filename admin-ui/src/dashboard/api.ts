import { queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import type { Schemas } from '../api/schemas'

export type Figures = Schemas['Figures']
export type Point = Schemas['Point']
export type Dashboard = Schemas['Dashboard']
export const ranges = ['today', '7d', '30d', '90d'] as const
export type Range = (typeof ranges)[number]

export const dashboardQuery = (range: Range) =>
  queryOptions({
    queryKey: ['dashboard', range],
    queryFn: () => take<Dashboard>(api.GET('/api/v1/reports/dashboard', { params: { query: { range } } })),
  })
