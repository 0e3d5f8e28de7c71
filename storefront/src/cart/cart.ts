import { useStore } from '@nanostores/react'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { atom } from 'nanostores'
import { answer, api } from '../api/client'
import { Problem } from '../api/problem'
import { queries } from '../api/queries'
import type { Cart, CartChange } from '../api/shapes'
import { locale } from '../i18n/locale'
import { Basket } from './basket'

/** The cart lives on the server, found by a cookie; a customer without one sees null. */
export const cartQuery = queryOptions({
  queryKey: ['cart'],
  queryFn: async (): Promise<Cart | null> => {
    try {
      const cart = await answer(api.GET('/api/v1/storefront/cart', {}))
      return cart.status === 'completed' ? null : cart
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return null
      throw error
    }
  }
})

// What stands in the way of ordering a line is told in the customer's language.
locale.listen(() => void queries.invalidateQueries({ queryKey: cartQuery.queryKey }))

const told = (cart: Cart | null) => queries.setQueryData(cartQuery.queryKey, cart)
const current = () => queries.getQueryData(cartQuery.queryKey) ?? undefined

/** cartError is the last refused change of a quantity, until the next one works. */
export const cartError = atom<unknown>(undefined)

export const basket = new Basket({
  now: current,
  replace: lines => answer(api.PUT('/api/v1/storefront/cart/lines', { body: { lines } })),
  add: async line => {
    if (!(await queries.ensureQueryData(cartQuery))) {
      told(await answer(api.POST('/api/v1/storefront/cart', { body: { language: locale.get() } })))
    }
    return answer(api.POST('/api/v1/storefront/cart/lines', { body: line }))
  },
  told: cart => {
    cartError.set(undefined)
    told(cart)
  },
  failed: error => {
    cartError.set(error)
    void queries.invalidateQueries({ queryKey: cartQuery.queryKey })
  }
})

/** forgetCart is for after the order: the server has closed the cart. */
export const forgetCart = () => told(null)

let changing: Promise<unknown> = Promise.resolve()

/** changeCart tells the server who buys and how it goes to them, one change after the other; the answer has the new totals. */
export function changeCart(change: CartChange): Promise<Cart> {
  const changed = changing.then(async () => {
    await basket.settle()
    const cart = await answer(api.PATCH('/api/v1/storefront/cart', { body: change }))
    told(cart)
    return cart
  })
  changing = changed.catch(() => {})
  return changed
}

export function useCart() {
  const query = useQuery(cartQuery)
  const wanted = useStore(basket.wanted)
  const error = useStore(cartError)
  const lines = query.data?.lines ?? []
  return {
    query,
    cart: query.data ?? undefined,
    error,
    /** settling: the totals shown are about to change. */
    settling: Object.keys(wanted).length > 0,
    count: lines.reduce((n, l) => n + (wanted[l.variant_id] ?? l.quantity), 0),
    quantityOf: (variant: string) =>
      wanted[variant] ?? lines.filter(l => l.variant_id === variant).reduce((n, l) => n + l.quantity, 0)
  }
}
