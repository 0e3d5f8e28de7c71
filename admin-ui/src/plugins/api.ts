import type { RJSFSchema } from '@rjsf/utils'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Schemas } from '../api/schemas'
import type { Localized } from '../i18n/inWords'

export type Installation = Schemas['InstallationView']
export type Plugin = Omit<Schemas['CatalogEntry'], 'config_schema'> & { config_schema: RJSFSchema }
export type Health = Schemas['HealthOutputBody']
export type Delivery = Schemas['PageDelivery']['items'][number]
export type Settings = { config: Record<string, unknown>; secrets: Record<string, string>; label: Localized }

export const pluginsQuery = queryOptions({
  queryKey: ['plugins'],
  queryFn: () => take(api.GET('/api/v1/plugins')) as Promise<{ items: Plugin[] }>,
})

export const pluginQuery = (publisher: string, name: string) =>
  queryOptions({
    queryKey: ['plugins', publisher, name],
    queryFn: () =>
      take(api.GET('/api/v1/plugins/{publisher}/{name}', { params: { path: { publisher, name } } })) as Promise<Plugin>,
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
