import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Search } from '../ui/listState'

export type SeverityName = 'info' | 'warning' | 'critical'
export type RuleKind = 'stock_low' | 'payment_failed' | 'order_unpaid' | 'order_unshipped' | 'order_duplicate'
export type Rule = {
  id: string
  kind: RuleKind
  name: string
  enabled: boolean
  severity: SeverityName
  params: Record<string, number>
  filter: { location_id?: string; skus?: string[]; category_ids?: string[] }
  notify: { roles: string[]; channels: string[] }
  cooldown_minutes: number
  version: number
}
export type NewRule = Omit<Rule, 'id' | 'version'>
export type Incident = {
  id: string
  number: number | string
  kind: string
  rule?: { id: string; name: string } | null
  severity: SeverityName
  status: string
  title: string
  summary: string
  evidence?: Record<string, unknown> | null
  count: number
  subject?: { type: string; id: string; label: string } | null
  proposal?: unknown
  timeline?: {
    id?: string
    kind: string
    at: string
    actor?: { name?: string; kind?: string } | string | null
    note?: string
    data?: Record<string, unknown>
  }[]
  opened_at: string
  acknowledged_at?: string | null
  resolved_at?: string | null
  assignee?: { id: string; name: string } | null
}
export type Notification = {
  id: string
  title: string
  body: string
  severity: SeverityName
  link: string
  read_at?: string | null
  created_at: string
}
export type Delivery = {
  id: string
  channel: string
  to: string
  subject: string
  state: string
  attempts: number
  error?: string
  at: string
}

export const rulesQuery = queryOptions({
  queryKey: ['rules'],
  queryFn: () => take<{ items: Rule[] }>(api.GET('/api/v1/alert-rules')),
})

export const incidentsQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['incidents', 'list', search],
    ...pages(query => take<Paged<Incident>>(api.GET('/api/v1/incidents', { params: { query } })), search),
  })

export const openIncidentsQuery = queryOptions({
  queryKey: ['incidents', 'open'],
  queryFn: async () => {
    const page = await take<Paged<Incident>>(
      api.GET('/api/v1/incidents', { params: { query: { status: 'open', limit: 100 } } }),
    )
    return page.total ?? page.items.length
  },
})

export const incidentQuery = (id: string) =>
  queryOptions({
    queryKey: ['incidents', 'one', id],
    queryFn: () => take<Incident>(api.GET('/api/v1/incidents/{id}', { params: { path: { id } } })),
  })

export const notificationsQuery = queryOptions({
  queryKey: ['notifications'],
  queryFn: () =>
    take<{ items: Notification[]; unread: number }>(
      api.GET('/api/v1/notifications', { params: { query: { limit: 30 } } }),
    ),
})

export const deliveriesQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['deliveries', search],
    ...pages(query => take<Paged<Delivery>>(api.GET('/api/v1/notification-log', { params: { query } })), search),
  })

export function markRead(which: 'all' | string[]) {
  return take(api.POST('/api/v1/notifications/read', { body: which === 'all' ? { all: true } : { ids: which } }))
}

export function saveRule(rule: Rule | NewRule) {
  if ('id' in rule) {
    return take<Rule>(api.PUT('/api/v1/alert-rules/{id}', { params: { path: { id: rule.id } }, body: rule }))
  }
  return take<Rule>(api.POST('/api/v1/alert-rules', { body: rule }))
}

export function removeRule(id: string) {
  return take(api.DELETE('/api/v1/alert-rules/{id}', { params: { path: { id } } }))
}

export function act(
  id: string,
  verb: 'acknowledge' | 'resolve' | 'note' | 'assign',
  body: Record<string, unknown> = {},
) {
  return take<Incident>(api.POST(`/api/v1/incidents/{id}/${verb}`, { params: { path: { id } }, body }))
}

export function actOnMany(ids: string[], action: 'acknowledge' | 'resolve') {
  return take<unknown>(api.POST('/api/v1/incidents/bulk', { body: { ids, action } }))
}

export function redeliver(id: string) {
  return take(api.POST('/api/v1/notification-log/{id}/redeliver', { params: { path: { id } } }))
}
