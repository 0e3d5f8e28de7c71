import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Schemas } from '../api/schemas'
import type { Search } from '../ui/listState'

export type SeverityName = 'info' | 'warning' | 'critical'
export type Rule = Schemas['Rule']
export type RuleInput = Schemas['RuleInputBody']
export type KindInfo = Schemas['KindInfo']
export type Incident = Schemas['Incident']
export const resolutions = ['fixed', 'false_positive', 'duplicate', 'ignored'] as const
export type Resolution = (typeof resolutions)[number]
export type Notification = Schemas['Notification']
export type Delivery = Schemas['Message']
export const kindsQuery = queryOptions({
  queryKey: ['rule-kinds'],
  queryFn: () => take<{ items: KindInfo[] }>(api.GET('/api/v1/alert-rules/kinds')),
  staleTime: Number.POSITIVE_INFINITY,
})

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

export function saveRule(id: string | undefined, body: RuleInput) {
  if (id) return take<Rule>(api.PUT('/api/v1/alert-rules/{id}', { params: { path: { id } }, body }))
  return take<Rule>(api.POST('/api/v1/alert-rules', { body }))
}

/** What a rule is changed with: itself, without what the server keeps. */
export function inputOf({
  kind,
  name,
  enabled,
  severity,
  params,
  filter,
  notify,
  cooldown_minutes,
  version,
}: Rule): RuleInput {
  return { kind, name, enabled, severity, params, filter, notify, cooldown_minutes, version }
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

export type BulkResult = Schemas['AlertsBulkResult']
export async function actOnMany(ids: string[], action: 'acknowledge' | 'resolve') {
  const body = { ids, action, ...(action === 'resolve' && { code: 'fixed' as const }) }
  const answer = await take<{ results: BulkResult[] }>(api.POST('/api/v1/incidents/bulk', { body }))
  return answer.results
}

export function redeliver(id: string) {
  return take(api.POST('/api/v1/notification-log/{id}/redeliver', { params: { path: { id } } }))
}
