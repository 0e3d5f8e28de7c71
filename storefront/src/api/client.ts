import createClient from 'openapi-fetch'
import { locale } from '../i18n/locale'
import { Problem, toProblem } from './problem'
import type { paths } from './schema'

export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })

api.use({
  onRequest({ request }) {
    request.headers.set('X-Allhours', '1') // a header no other site can set: the server's proof that it is our page
    request.headers.set('Accept-Language', locale.get())
    return request
  }
})

/** answer unwraps a call: the body of a success, or a thrown Problem. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let result: Awaited<typeof call>
  try {
    result = await call
  } catch (cause) {
    throw new Problem(0, 'network', cause instanceof Error ? cause.message : '')
  }
  if (!result.response.ok) throw toProblem(result.response.status, result.error)
  return result.data as T
}
