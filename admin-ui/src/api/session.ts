import { queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { api, take } from './client'

export type Permission = `${string}:${string}`
export type Me = {
  member: {
    id: string
    name: string
    email: string
    language: string
    email_confirmed: boolean
    totp_enabled: boolean
    roles: string[]
    permissions: string[]
  }
  tenant: {
    id: string
    slug: string
    name: string
    industry: string
    country: string
    currency: string
    time_zone: string
    language: string
    languages: string[]
    plan: string
    status: string
  }
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => take<Me>(api.GET('/api/v1/me')),
  staleTime: 60_000,
  retry: false,
})

/** Who is signed in. Only below the shop's layout route, which loads it. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data
}

export function useTenant() {
  return useMe().tenant
}

export function useCan() {
  const me = useQuery(meQuery).data
  return (permission: Permission) => can(me?.member.permissions ?? [], permission)
}

/** Permissions are area:verb; an owner has "*", a role may have "orders:*". */
export function can(has: readonly string[], permission: Permission) {
  const [area] = permission.split(':')
  return has.includes('*') || has.includes('*:*') || has.includes(`${area}:*`) || has.includes(permission)
}
