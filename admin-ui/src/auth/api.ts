import { queryOptions } from '@tanstack/react-query'
import { api, take } from '../api/client'
import type { Schemas } from '../api/schemas'

export type SignUp = Schemas['SignUpInputBody']
export type SignedIn = Schemas['LoginOutputBody']
export type SignUpOptions = Schemas['Options']

export const signUpOptionsQuery = queryOptions({
  queryKey: ['signup-options'],
  queryFn: () => take<SignUpOptions>(api.GET('/api/v1/signup/options')),
  staleTime: Number.POSITIVE_INFINITY,
})

export const slugQuery = (slug: string) =>
  queryOptions({
    queryKey: ['signup-slug', slug],
    queryFn: () =>
      take<{ available: boolean; reason?: string; suggestion?: string }>(
        api.GET('/api/v1/signup/slug', { params: { query: { slug } } }),
      ),
    enabled: isSlug(slug),
    placeholderData: undefined,
  })

export function isSlug(slug: string) {
  return /^[a-z][a-z0-9-]{1,38}[a-z0-9]$/.test(slug)
}

/** A first idea for the address: "Mei's Noodles" is "meis-noodles"; nothing when the name has no Latin letters. */
export function slugOf(business: string) {
  return business
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f'’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
}

export function signUp(body: SignUp) {
  return take<SignedIn>(api.POST('/api/v1/signup', { body }))
}

export type Login = { shop?: string; email: string; password: string; code?: string; recovery_code?: string }

export function login(body: Login) {
  return take<SignedIn>(api.POST('/api/v1/auth/login', { body }))
}

export function forgot(body: { shop?: string; email: string }) {
  return take(api.POST('/api/v1/auth/password/forgot', { body }))
}

export function resetPassword(body: { token: string; password: string }) {
  return take(api.POST('/api/v1/auth/password/reset', { body }))
}

export function confirmEmail(token: string) {
  return take(api.POST('/api/v1/auth/email/confirm', { body: { token } }))
}

export type Invitation = Schemas['Offer']

export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: () => take<Invitation>(api.GET('/api/v1/invitations/{token}', { params: { path: { token } } })),
    enabled: token !== '',
    retry: false,
  })

export function acceptInvitation(token: string, body: { name: string; password: string }) {
  return take<SignedIn>(api.POST('/api/v1/invitations/{token}/accept', { params: { path: { token } }, body }))
}

/** The shop that the address names: noodles.example.com is "noodles", a bare domain or an IP address names none. */
export function shopOfHost(host: string): string {
  const parts = host.split('.')
  if (parts.length < 2 || /^[\d.]+$/.test(host)) return ''
  const isLocal = parts.at(-1) === 'localhost'
  return (isLocal && parts.length === 2) || (!isLocal && parts.length > 2) ? (parts[0] ?? '') : ''
}
