import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, newKey, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import type { Localized } from '../i18n/inWords'
import type { Search } from '../ui/listState'

export type Level = {
  level_id: string
  location_id: string
  location_name?: string
  kind: string
  sku: string
  variant_id?: string
  product_id?: string
  title?: Localized
  on_hand: number
  committed: number
  reserved: number
  safety: number
  incoming: number
  oversell_limit: number
  available: number
  version: number
  updated_at: string
}
export type Movement = {
  id: string
  level_id: string
  sku: string
  location_id: string
  location_name: string
  kind: string
  on_hand_delta: number
  reserved_delta: number
  committed_delta: number
  cause_kind: string
  cause_id: string
  reason: string
  actor: string
  at: string
}
export type LocationAddress = {
  name?: string
  lines?: string[]
  city?: string
  region?: string
  postal_code?: string
  country?: string
  phone?: string
}
export type Location = {
  id: string
  name: string
  kind: string
  time_zone: string
  address: LocationAddress
  rank: number
  active: boolean
  version: number
}
export type LocationInput = Omit<Location, 'id' | 'version'> & { id?: string; version?: number }
export type Reconciliation = {
  id: string
  checked: number
  drifted: number
  repaired: number
  dry_run?: boolean
  findings: { level_id: string; sku: string; on_hand: number; on_hand_due: number; not_repairable?: string }[]
  at: string
}

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
  queryFn: () => take<Reconciliation>(api.GET('/api/v1/inventory/reconciliation')),
})

export function adjust(levelId: string, body: { delta: number; reason: string }) {
  return take<Level>(
    api.POST('/api/v1/inventory/levels/{id}/adjust', {
      params: { path: { id: levelId }, header: { 'Idempotency-Key': newKey() } },
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
  return take(api.POST('/api/v1/inventory/transfers', { params: { header: { 'Idempotency-Key': newKey() } }, body }))
}

export function receive(body: { location_id: string; reason: string; lines: { sku: string; quantity: number }[] }) {
  return take(api.POST('/api/v1/inventory/receive', { params: { header: { 'Idempotency-Key': newKey() } }, body }))
}

export function saveLocation({ id, ...body }: LocationInput) {
  if (id) return take<Location>(api.PUT('/api/v1/locations/{id}', { params: { path: { id } }, body }))
  return take<Location>(api.POST('/api/v1/locations', { body }))
}

export function reconcile(repair: boolean) {
  return take<Reconciliation>(api.POST('/api/v1/inventory/reconcile', { body: { repair, dry_run: !repair } }))
}
