import { queryOptions } from '@tanstack/react-query'
import { api, take, upload } from '../api/client'
import type { Schemas } from '../api/schemas'

export type Settings = Schemas['Settings']
export type Tenant = Schemas['Tenant']
export type TenantChange = Schemas['Change']
export type Usage = Schemas['Usage']
export type Session = Schemas['Session']
export type ApiKey = Schemas['Key']
export type NewKey = Schemas['NewKey']
export type Host = Schemas['Host']
export type Preferences = Schemas['Preferences']
export type Least = 'none' | 'info' | 'warning' | 'critical'

export const tenantQuery = queryOptions({
  queryKey: ['tenant'],
  queryFn: () => take<Tenant>(api.GET('/api/v1/tenant')),
})
export const usageQuery = queryOptions({
  queryKey: ['tenant', 'usage'],
  queryFn: () => take<Usage>(api.GET('/api/v1/tenant/usage')),
})
export const hostsQuery = queryOptions({
  queryKey: ['tenant', 'hosts'],
  queryFn: () => take<{ items: Host[] }>(api.GET('/api/v1/tenant/hosts')),
})
export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: () => take<{ items: Session[] }>(api.GET('/api/v1/me/sessions')),
})
export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: () => take<{ items: ApiKey[] }>(api.GET('/api/v1/api-keys')),
})
export const preferencesQuery = queryOptions({
  queryKey: ['preferences'],
  queryFn: () => take<Preferences>(api.GET('/api/v1/me/notification-preferences')),
})

export function changeTenant(body: TenantChange) {
  return take<Tenant>(api.PATCH('/api/v1/tenant', { body }))
}

/** A picture of the shop itself, such as its logo. */
export function addPicture(file: File) {
  return upload<Schemas['Media']>('/api/v1/media', { file })
}

export function closeTenant(confirm: string) {
  return take(api.POST('/api/v1/tenant/close', { body: { confirm } }))
}

export function addHost(host: string) {
  return take<Host>(api.POST('/api/v1/tenant/hosts', { body: { host } }))
}

export function verifyHost(host: string) {
  return take<Host>(api.POST('/api/v1/tenant/hosts/{host}/verify', { params: { path: { host } } }))
}

export function removeHost(host: string) {
  return take(api.DELETE('/api/v1/tenant/hosts/{host}', { params: { path: { host } } }))
}

export function changeMe(body: { name?: string; language?: string; current_password?: string; new_password?: string }) {
  return take(api.PATCH('/api/v1/me', { body }))
}

export function savePreferences(body: Preferences) {
  return take<Preferences>(api.PUT('/api/v1/me/notification-preferences', { body }))
}

export function endSession(id: string) {
  return take(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id } } }))
}

export function startTotp() {
  return take<{ secret: string; uri: string }>(api.POST('/api/v1/me/totp/start'))
}

export function confirmTotp(code: string) {
  return take<{ recovery_codes: string[] }>(api.POST('/api/v1/me/totp/confirm', { body: { code } }))
}

export function disableTotp(body: { password: string; code: string }) {
  return take(api.POST('/api/v1/me/totp/disable', { body }))
}

export function createKey(body: { name: string; scopes: string[]; expires_at?: string }) {
  return take<NewKey>(api.POST('/api/v1/api-keys', { body }))
}

export function rotateKey(id: string) {
  return take<NewKey>(api.POST('/api/v1/api-keys/{id}/rotate', { params: { path: { id } } }))
}

export function revokeKey(id: string) {
  return take(api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } }))
}
