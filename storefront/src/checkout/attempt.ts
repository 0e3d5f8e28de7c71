/** Attempt is one try to place an order: its body and the key under which the server does it at most once. */
export type Attempt<B> = { cart: string; body: B; key: string }

const place = 'allhours.attempt'

/**
 * attemptFor gives the attempt for this cart and body. The same body keeps its key, also after a reload, so that a try whose answer
 * was lost can be repeated without a second order; another body is another attempt.
 */
export function attemptFor<B>(cart: string, body: B, store: Storage = sessionStorage): Attempt<B> {
  const open = openAttempt<B>(store)
  if (open?.cart === cart && JSON.stringify(open.body) === JSON.stringify(body)) return open
  const attempt = { cart, body, key: newKey() }
  store.setItem(place, JSON.stringify(attempt))
  return attempt
}

/** openAttempt is the attempt that has had no answer yet. */
export function openAttempt<B>(store: Storage = sessionStorage): Attempt<B> | undefined {
  try {
    return JSON.parse(store.getItem(place) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}

/** attemptAnswered ends the attempt: whatever the answer was, the next try is a new one. */
export const attemptAnswered = (store: Storage = sessionStorage): void => store.removeItem(place)

/** newKey is unguessable; crypto.randomUUID is missing on plain-HTTP pages, getRandomValues is not. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('')
