import createClient from 'openapi-fetch'
import { language } from '../i18n'
import { problemOf } from './problem'
import type { paths } from './schema'

/** The typed client of our API. Every refused answer is thrown as a Problem. */
export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })

api.use({
  onRequest({ request }) {
    request.headers.set('X-Allhours', '1') // no other site can send it: protects the session cookie
    request.headers.set('Accept-Language', language())
    return request
  },
  async onResponse({ response }) {
    if (response.ok) return undefined
    const body = await response
      .clone()
      .json()
      .catch(() => undefined)
    throw problemOf(response, body)
  },
})

/** The body of an answer. */
export async function take<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T
}

/** Sends a file: the generated client only speaks JSON. */
export async function upload<T>(path: string, fields: Record<string, string | Blob>): Promise<T> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  const response = await fetch(path, {
    method: 'POST',
    body: form,
    credentials: 'same-origin',
    headers: { 'X-Allhours': '1', 'Accept-Language': language() },
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw problemOf(response, body)
  return body as T
}

/** One key for one attempt of a person: sending again with the same key never acts twice. */
export function newKey(): string {
  return crypto.randomUUID()
}

/** The header that makes a request safe to send again. */
export function once(key = newKey()) {
  return { 'Idempotency-Key': key }
}
