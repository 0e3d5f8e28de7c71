import type { RJSFSchema } from '@rjsf/utils'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Localized } from '../i18n/inWords'

export type Installation = {
  id: string
  plugin: string
  version: string
  mode: 'live' | 'sandbox'
  state: 'active' | 'disabled'
  label: Localized | null
  rank: number
  config: Record<string, unknown>
  secrets: Record<string, { set: boolean; last4?: string }>
  rev: number
  webhook_url: string
}
export type Plugin = {
  /** publisher/name */
  id: string
  name: Localized
  summary: Localized
  kinds: string[]
  version: string
  capabilities: string[]
  config_schema: RJSFSchema
  installed?: Installation
}
export type Health = {
  state: 'stopped' | 'starting' | 'ready' | 'backoff' | 'quarantined' | 'blocked'
  reason?: string
  crashes: number
  next_start?: string
}
export type Delivery = {
  id: string
  state: 'received' | 'accepted' | 'duplicate' | 'ignored' | 'refused' | 'failed'
  dedupe_id?: string
  detail?: string
  attempts: number
  received_at: string
}
export type Settings = { config: Record<string, unknown>; secrets: Record<string, string>; label: Localized }

export const pluginsQuery = queryOptions({
  queryKey: ['plugins'],
  queryFn: () => take<{ items: Plugin[] }>(api.GET('/api/v1/plugins')),
})

export const pluginQuery = (publisher: string, name: string) =>
  queryOptions({
    queryKey: ['plugins', publisher, name],
    queryFn: () =>
      take<Plugin>(api.GET('/api/v1/plugins/{publisher}/{name}', { params: { path: { publisher, name } } })),
  })

export const healthQuery = (id: string) =>
  queryOptions({
    queryKey: ['plugins', 'health', id],
    queryFn: () => take<Health>(api.GET('/api/v1/plugins/installations/{id}/health', { params: { path: { id } } })),
    refetchInterval: 10_000,
  })

export const pluginDeliveriesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['plugins', 'deliveries', id],
    ...pages(
      query =>
        take<Paged<Delivery>>(
          api.GET('/api/v1/plugins/installations/{id}/deliveries', { params: { path: { id }, query } }),
        ),
      {},
    ),
  })

export function install(plugin: string, mode: Installation['mode'], settings: Settings) {
  return take<Installation>(api.POST('/api/v1/plugins/installations', { body: { plugin, mode, ...settings } }))
}

export function configure(id: string, settings: Settings) {
  return take<Installation>(
    api.PATCH('/api/v1/plugins/installations/{id}', { params: { path: { id } }, body: settings }),
  )
}

export function switchTo(id: string, on: boolean) {
  const params = { path: { id } }
  return take<Installation>(
    on
      ? api.POST('/api/v1/plugins/installations/{id}/enable', { params })
      : api.POST('/api/v1/plugins/installations/{id}/disable', { params }),
  )
}

export function testConnection(id: string) {
  return take<{ ok: boolean; facts: Record<string, string> }>(
    api.POST('/api/v1/plugins/installations/{id}/test', { params: { path: { id } } }),
  )
}

export function removeInstallation(id: string) {
  return take(api.DELETE('/api/v1/plugins/installations/{id}', { params: { path: { id } } }))
}

export function replay(id: string, delivery: string) {
  return take(
    api.POST('/api/v1/plugins/installations/{id}/deliveries/{delivery}/replay', { params: { path: { id, delivery } } }),
  )
}
