import { persistentJSON } from '@nanostores/persistent'

export type Kept = { id: string; token: string; number: string; at: string }

const limit = 20

/** kept are the orders made or opened on this device, newest first, with the token that opens each. */
export const kept = persistentJSON<Kept[]>('allhours.orders', [])

/** keepOrder notes an order, or adds what has become known of it. */
export function keepOrder(order: Partial<Kept> & { id: string }): void {
  const old = kept.get().find(k => k.id === order.id)
  const next: Kept = {
    id: order.id,
    token: order.token || old?.token || '',
    number: order.number || old?.number || '',
    at: order.at || old?.at || ''
  }
  if (old && JSON.stringify(old) === JSON.stringify(next)) return
  kept.set([next, ...kept.get().filter(k => k.id !== order.id)].slice(0, limit))
}

export const tokenOf = (id: string): string => kept.get().find(k => k.id === id)?.token ?? ''

export const forgetOrders = (): void => kept.set([])
