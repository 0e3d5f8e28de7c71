import { type Say, useSay } from '../i18n'
import { Status, type Tone } from '../ui/Status'
import { orderWords } from './words'

type OrderSay = typeof orderWords extends { keys?: infer K } ? Say<NonNullable<K> & string> : never

const lifecycle: Record<string, Tone> = {
  draft: 'quiet',
  awaiting_confirmation: 'waiting',
  placed: 'busy',
  completed: 'good',
  cancelled: 'over',
  expired: 'over',
}
const payment: Record<string, Tone> = {
  unpaid: 'waiting',
  pending: 'busy',
  unknown: 'busy',
  requires_action: 'waiting',
  authorized: 'busy',
  partially_paid: 'waiting',
  paid: 'good',
  captured: 'good',
  succeeded: 'good',
  overpaid: 'bad',
  partially_refunded: 'quiet',
  refunded: 'over',
  failed: 'bad',
  voided: 'over',
  disputed: 'bad',
  expired: 'over',
  cancelled: 'over',
}
const fulfilment: Record<string, Tone> = {
  unfulfilled: 'waiting',
  in_progress: 'busy',
  allocated: 'busy',
  picked: 'busy',
  packed: 'busy',
  partially_fulfilled: 'busy',
  ready: 'busy',
  fulfilled: 'good',
  shipped: 'good',
  delivered: 'good',
  collected: 'good',
  issued: 'good',
  no_show: 'bad',
  revoked: 'over',
  cancelled: 'over',
}

export const lifecycleStates = Object.keys(lifecycle)
export const paymentStates = [
  'unpaid',
  'pending',
  'authorized',
  'partially_paid',
  'paid',
  'overpaid',
  'partially_refunded',
  'refunded',
  'failed',
  'voided',
  'disputed',
]
export const fulfilmentStates = ['unfulfilled', 'in_progress', 'partially_fulfilled', 'fulfilled', 'delivered']

/** A status that this console does not know yet is shown as the server names it. */
export function statusText(say: OrderSay, axis: 'lifecycle' | 'pay' | 'do', status: string) {
  const key = `${axis}.${status}`
  return key in orderWords.en ? say(key as Parameters<OrderSay>[0]) : status.replaceAll('_', ' ')
}

export function LifecycleStatus({ of }: { of: string }) {
  const say = useSay(orderWords)
  return <Status tone={lifecycle[of] ?? 'quiet'}>{statusText(say, 'lifecycle', of)}</Status>
}

export function PaymentStatus({ of }: { of: string }) {
  const say = useSay(orderWords)
  return <Status tone={payment[of] ?? 'quiet'}>{statusText(say, 'pay', of)}</Status>
}

export function FulfilmentStatus({ of }: { of: string }) {
  const say = useSay(orderWords)
  return <Status tone={fulfilment[of] ?? 'quiet'}>{statusText(say, 'do', of)}</Status>
}
