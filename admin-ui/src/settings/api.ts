import { queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import type { Me } from '../api/session'

export type Settings = {
  cors_origins: string[]
  branding: { logo_media_id?: string; color?: string }
  order: { unpaid_expiry_minutes: number; ship_within_hours: number }
  contact: { email?: string; phone?: string; address?: string }
}
export type Tenant = Me['tenant'] & { settings: Settings; version: number; created_at: string }
export type TenantChange = Partial<{
  name: string
  currency: string
  time_zone: string
  language: string
  languages: string[]
  cors_origins: string[]
  branding: Settings['branding']
  order: Settings['order']
  contact: Settings['contact']
}> & { version: number }
export type Usage = { plan: string; limits: Record<string, number>; used: Record<string, number> }
export type Session = {
  id: string
  created_at: string
  last_seen_at: string
  expires_at: string
  ip: string
  user_agent: string
  current: boolean
}
export type ApiKey = {
  id: string
  name: string
  prefix: string
  scopes: string[]
  created_at: string
  last_used_at: string | null
  expires_at: string | null
}
export type NewKey = ApiKey & { secret: string; old_valid_until?: string }
export type Host = {
  host: string
  verified: boolean
  verified_at?: string
  record?: { type: string; name: string; value: string }
  checked_at?: string
}
export type Preferences = { in_app: Least; email: Least }
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
