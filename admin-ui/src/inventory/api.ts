import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, once, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Schemas } from '../api/schemas'
import type { Search } from '../ui/listState'

export type Level = Schemas['PageView']['items'][number]
export type Movement = Schemas['Movement']
export type LocationAddress = Schemas['Address']
export type Location = Schemas['InventoryLocation']
export type LocationInput = Schemas['LocationInput'] & { id?: string }
export type Reconciliation = Schemas['Reconciliation']
export const levelsQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['inventory', 'levels', search],
    ...pages(query => take<Paged<Level>>(api.GET('/api/v1/inventory/levels', { params: { query } })), search),
  })

export const movementsQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['inventory', 'movements', search],
    ...pages(query => take<Paged<Movement>>(api.GET('/api/v1/inventory/movements', { params: { query } })), search),
  })

export const locationsQuery = queryOptions({
  queryKey: ['locations'],
  queryFn: () => take<{ items: Location[] }>(api.GET('/api/v1/locations')),
  staleTime: 300_000,
})

export const reconciliationQuery = queryOptions({
  queryKey: ['inventory', 'reconciliation'],
  queryFn: () => take(api.GET('/api/v1/inventory/reconciliation')),
})

export function adjust(levelId: string, body: { delta: number; reason: string }) {
  return take<Level>(
    api.POST('/api/v1/inventory/levels/{id}/adjust', {
      params: { path: { id: levelId } },
      headers: once(),
      body,
    }),
  )
}

/** Sets a counted figure, if nobody changed it since it was shown. */
export function setOnHand(levelId: string, body: { on_hand: number; expected_on_hand: number; reason: string }) {
  return take<Level>(api.POST('/api/v1/inventory/levels/{id}/set', { params: { path: { id: levelId } }, body }))
}

export function setLevelSettings(levelId: string, body: { safety: number; oversell_limit: number; incoming: number }) {
  return take<Level>(api.POST('/api/v1/inventory/levels/{id}/settings', { params: { path: { id: levelId } }, body }))
}

export function transfer(body: {
  from_location_id: string
  to_location_id: string
  lines: { sku: string; quantity: number }[]
}) {
  return take(api.POST('/api/v1/inventory/transfers', { headers: once(), body }))
}

export function receive(body: { location_id: string; reason: string; lines: { sku: string; quantity: number }[] }) {
  return take(api.POST('/api/v1/inventory/receive', { headers: once(), body }))
}

export function saveLocation({ id, ...body }: LocationInput) {
  if (id) return take<Location>(api.PUT('/api/v1/locations/{id}', { params: { path: { id } }, body }))
  return take<Location>(api.POST('/api/v1/locations', { body }))
}

export function reconcile(repair: boolean) {
  return take<Reconciliation>(api.POST('/api/v1/inventory/reconcile', { body: { repair, dry_run: !repair } }))
}
