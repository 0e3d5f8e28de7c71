import { answer, api } from '../api/client'
import { Problem } from '../api/problem'
import { queries } from '../api/queries'
import type { components } from '../api/schema'
import { cartQuery, changeCart, forgetCart } from '../cart/cart'
import { locale } from '../i18n/locale'
import { keepOrder } from '../orders/keep'
import { orderKey } from '../orders/order-query'
import { rememberPayment } from '../payments/pending'
import { attemptAnswered, attemptFor, openAttempt } from './attempt'
import { changeOf, type Form } from './form'

type Body = { expected_total: number; payment_method: string; return_url: string }

export type Placed =
  | { kind: 'placed'; order: string; redirect?: string }
  | { kind: 'total_changed'; from: number; to: number }
  | { kind: 'out_of_stock' }

/**
 * place orders the cart for the total that the customer has seen. It throws a Problem that is "unanswered" when nobody knows whether
 * the order arrived; calling it again then finishes the same attempt.
 */
export async function place(form: Form, seen: number): Promise<Placed> {
  const open = openAttempt<Body>()
  if (open && !(await queries.fetchQuery({ ...cartQuery, staleTime: 0 }))) {
    return complete(open.cart, open.body) // the cart is gone: the lost answer was a success, and the same key brings it back
  }
  const cart = await changeCart({ ...changeOf(form), language: locale.get() }) // in which the letters will come
  if (cart.total !== seen) return { kind: 'total_changed', from: seen, to: cart.total }
  return complete(cart.id, {
    expected_total: seen,
    payment_method: form.payment_method,
    return_url: new URL('/return', location.href).href
  })
}

async function complete(cart: string, body: Body): Promise<Placed> {
  const attempt = attemptFor(cart, body)
  let done: components['schemas']['CompleteCartOutputBody']
  try {
    done = await answer(
      api.POST('/api/v1/storefront/cart/complete', { params: { header: { 'Idempotency-Key': attempt.key } }, body })
    )
  } catch (error) {
    if (!(error instanceof Problem) || error.unanswered) throw error
    attemptAnswered()
    if (!['order.total_changed', 'order.out_of_stock', 'cart.changed'].includes(error.code)) throw error
    const fresh = await queries.fetchQuery({ ...cartQuery, staleTime: 0 })
    if (error.code === 'cart.changed' && fresh?.total === body.expected_total) throw error
    if (error.code === 'order.out_of_stock') return { kind: 'out_of_stock' }
    return { kind: 'total_changed', from: body.expected_total, to: totalIn(error) ?? fresh?.total ?? 0 }
  }
  attemptAnswered()
  const { order, payment } = done
  keepOrder({
    id: order.id,
    token: done.order_token,
    number: order.number ? String(order.number) : '',
    at: order.created_at ?? order.placed_at ?? ''
  })
  forgetCart()
  queries.setQueryData(orderKey(order.id), payment ? { ...order, payments: [payment] } : order)
  if (payment?.next_action?.type !== 'redirect' || !payment.next_action.url) return { kind: 'placed', order: order.id }
  rememberPayment({ payment: payment.id, order: order.id })
  return { kind: 'placed', order: order.id, redirect: payment.next_action.url }
}

/** totalIn reads the new total of a 409, as a number or as money. */
function totalIn(error: Problem): number | undefined {
  const total = error.extra.total
  if (typeof total === 'number') return total
  const amount = (total as { amount?: unknown } | undefined)?.amount
  return typeof amount === 'number' ? amount : undefined
}
