import { queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { api, take } from './client'
import type { Schemas } from './schemas'

export type Permission = `${string}:${string}`
export type Me = Schemas['Me']

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => take(api.GET('/api/v1/me')),
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
