import { queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import type { Schemas } from '../api/schemas'
import type { Localized } from '../i18n/inWords'

export type Member = Schemas['Member']
export type Role = Schemas['Role']
export type PermissionInfo = Schemas['Permission']
export type Invited = Schemas['Invited']
export const membersQuery = queryOptions({
  queryKey: ['members'],
  queryFn: () => take<{ items: Member[] }>(api.GET('/api/v1/members')),
})

export const invitationsQuery = queryOptions({
  queryKey: ['members', 'invitations'],
  queryFn: () => take<{ items: Invited[] }>(api.GET('/api/v1/members/invitations')),
})

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: () => take<{ items: Role[] }>(api.GET('/api/v1/roles')),
})

export const permissionsQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: () => take<{ items: PermissionInfo[] }>(api.GET('/api/v1/permissions')),
  staleTime: Number.POSITIVE_INFINITY,
})

export function invite(body: { email: string; roles: string[]; language: string }) {
  return take<Invited>(api.POST('/api/v1/members/invitations', { body }))
}

export function uninvite(id: string) {
  return take(api.DELETE('/api/v1/members/invitations/{id}', { params: { path: { id } } }))
}

export function changeMember(id: string, body: { roles?: string[]; status?: Member['status'] }) {
  return take<Member>(api.PATCH('/api/v1/members/{id}', { params: { path: { id } }, body }))
}

export function removeMember(id: string) {
  return take(api.DELETE('/api/v1/members/{id}', { params: { path: { id } } }))
}

export function saveRole(name: string, body: { title: Localized; permissions: string[] }, isNew: boolean) {
  const params = { path: { name } }
  return take<Role>(
    isNew ? api.POST('/api/v1/roles/{name}', { params, body }) : api.PUT('/api/v1/roles/{name}', { params, body }),
  )
}

export function removeRole(name: string) {
  return take(api.DELETE('/api/v1/roles/{name}', { params: { path: { name } } }))
}
