import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { answer, api } from '../api/client'
import type { NextAction, Order, Payment } from '../api/shapes'
import { newKey } from '../checkout/attempt'
import { Methods } from '../checkout/methods'
import { useText } from '../i18n/use-text'
import { orderHeaders, orderKey } from '../orders/order-query'
import { useShop } from '../shop/config'
import { announce } from '../ui/announce'
import { Icon } from '../ui/icon'
import { Failure, Notice } from '../ui/notice'
import { clock, useCountdown } from './countdown'
import { payText } from './messages'
import { rememberPayment } from './pending'
import { QR, SaveQR, useQR } from './qr'

const dead = ['failed', 'expired', 'voided', 'cancelled', 'declined']

/** livePayment is the payment the customer can still act on, if any. */
export const livePayment = (order: Pick<Order, 'payments'>): Payment | undefined =>
  order.payments?.findLast(
    p => p.next_action && !dead.includes(p.status) && !['authorized', 'captured'].includes(p.status)
  )

/** PayPanel is everything between "ordered" and "paid": a code to scan, a page to go to, or the choice after a failure. */
export function PayPanel({ order, failed }: { order: Order; failed: boolean }) {
  const t = useText(payText)
  const { money } = useShop()
  const total = money(order.total - order.paid_total, order.currency)
  const payment = livePayment(order)
  const [choosing, setChoosing] = useState(false)
  const action = payment?.next_action

  return (
    <section className="card flex flex-col gap-4 p-5 sm:p-6" aria-label={t.title({ total })}>
      <h2 className="text-xl font-bold">{t.title({ total })}</h2>
      {failed && !action && (
        <Notice tone="bad" title={t.failed}>
          {t.again}
        </Notice>
      )}
      {payment && action?.type === 'qr' && !choosing && (
        <Scan order={order} payment={payment} action={action} total={total} />
      )}
      {payment && action?.type === 'redirect' && !choosing && (
        <>
          <p className="text-soft">{t.goOnText}</p>
          <a
            className="btn btn-main btn-big"
            href={action.url}
            onClick={() => rememberPayment({ payment: payment.id, order: order.id })}
            rel="noreferrer"
          >
            {t.goOn}
          </a>
        </>
      )}
      {action && !choosing ? (
        <button type="button" className="link self-start" onClick={() => setChoosing(true)}>
          {t.other}
        </button>
      ) : (
        <Choose order={order} total={total} onStarted={() => setChoosing(false)} />
      )}
    </section>
  )
}

/** usePay starts a payment for an order that exists, once per press: the key is made when the wish is, and kept while it is unanswered. */
function usePay(order: Order) {
  const queries = useQueryClient()
  const [key, setKey] = useState(newKey)
  return useMutation({
    mutationFn: (payment_method: string) =>
      answer(
        api.POST('/api/v1/storefront/orders/{id}/pay', {
          params: { path: { id: order.id }, header: { 'Idempotency-Key': `${key}-${payment_method}` } },
          headers: orderHeaders(order.id),
          body: { payment_method, return_url: new URL('/return', location.href).href }
        })
      ),
    onSuccess: payment => {
      setKey(newKey())
      if (payment.next_action?.type === 'redirect' && payment.next_action.url) {
        rememberPayment({ payment: payment.id, order: order.id })
        location.assign(payment.next_action.url)
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: orderKey(order.id) })
  })
}

function Choose({ order, total, onStarted }: { order: Order; total: string; onStarted: () => void }) {
  const t = useText(payText)
  const { config } = useShop()
  const methods = config.payment_methods.filter(m => m.kind !== 'manual')
  const [method, setMethod] = useState(
    () => methods.find(m => m.id === order.payment_method)?.id ?? methods[0]?.id ?? ''
  )
  const pay = usePay(order)
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={e => {
        e.preventDefault()
        pay.mutate(method, { onSuccess: onStarted })
      }}
    >
      <Methods methods={methods} value={method} onChange={setMethod} />
      {pay.isError && <Failure error={pay.error} />}
      <button type="submit" className="btn btn-main btn-big" disabled={pay.isPending || !method}>
        {pay.isPending ? t.starting : t.pay({ total })}
      </button>
    </form>
  )
}

type ScanProps = { order: Order; payment: Payment; action: NextAction; total: string }

function Scan({ order, payment, action, total }: ScanProps) {
  const t = useText(payText)
  const queries = useQueryClient()
  const code = useQR(action.payload ?? '')
  const seconds = useCountdown(action.expires_at ?? payment.expires_at)
  const pay = usePay(order)
  const check = useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/v1/storefront/payments/{id}/return', {
          params: { path: { id: payment.id } },
          headers: orderHeaders(order.id)
        })
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: orderKey(order.id) })
  })
  const over = seconds === 0

  useEffect(() => {
    if (seconds === 60) announce(t.soon)
    if (over) announce(t.expired)
  }, [seconds, over, t])

  if (over) {
    return (
      <div className="flex flex-col gap-3">
        <Notice tone="warn">{t.expired}</Notice>
        {pay.isError && <Failure error={pay.error} />}
        <button
          type="button"
          className="btn btn-main btn-big"
          disabled={pay.isPending}
          onClick={() => pay.mutate(payment.method ?? order.payment_method ?? '')}
        >
          <Icon name="refresh" /> {pay.isPending ? t.starting : t.regenerate}
        </button>
      </div>
    )
  }
  return (
    <div className="flex flex-col items-center gap-4 text-center">
      <p className="font-medium">
        <span className="hidden sm:inline">{t.scan}</span>
        <span className="sm:hidden">{t.scanPhone}</span>
      </p>
      <QR code={code} label={t.qrAlt({ total })} />
      <p className="money text-3xl">{total}</p>
      {seconds !== undefined && (
        <p role="timer" className="flex items-center gap-2 text-soft tabular-nums">
          <Icon name="clock" /> {t.left({ time: clock(seconds) })}
        </p>
      )}
      <p className="text-soft">{t.waiting}</p>
      <div className="flex w-full flex-col gap-2 sm:w-auto sm:flex-row sm:flex-wrap sm:justify-center">
        {/^(https?|weixin|alipays?|upi):/i.test(action.payload ?? '') && (
          <a className="btn sm:hidden" href={action.payload} rel="noreferrer">
            {t.openApp}
          </a>
        )}
        <SaveQR code={code} />
        <button type="button" className="btn" disabled={check.isPending} onClick={() => check.mutate()}>
          {check.isPending ? t.checking : t.check}
        </button>
      </div>
      {check.isSuccess && (
        <p role="status" className="text-soft">
          {t.notYet}
        </p>
      )}
      {check.isError && <Failure error={check.error} />}
    </div>
  )
}
