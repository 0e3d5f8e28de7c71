import { useStore } from '@nanostores/react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { answer, api } from '../api/client'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { ErrorSummary, Field } from '../ui/field'
import { Icon } from '../ui/icon'
import { Failure, Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { forgetOrders, kept } from './keep'
import { orderText } from './messages'

/** FindOrder mails the signed link; it never tells whether an order exists. Orders of this device are one tap away. */
export default function FindOrder() {
  const t = useText(orderText)
  const [number, setNumber] = useState('')
  const [email, setEmail] = useState('')
  const [turn, setTurn] = useState(0)
  const digits = number.trim().replace(/^#/, '')
  const look = useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/v1/storefront/orders/lookup', {
          body: { number: Number(digits), email: email.trim() }
        })
      )
  })
  const errors = [
    ...(/^[1-9]\d{0,14}$/.test(digits) ? [] : [{ name: 'number', message: t.needNumber }]),
    ...(email.includes('@') ? [] : [{ name: 'email', message: t.needEmail }])
  ]
  const of = (name: string) => (turn ? errors.find(e => e.name === name)?.message : undefined)
  return (
    <Page title={t.lookTitle} narrow>
      <div className="flex flex-col gap-6">
        {look.isSuccess ? (
          <Notice tone="good" title={t.lookedTitle} live>
            {t.lookedText}
          </Notice>
        ) : (
          <form
            noValidate
            className="card flex flex-col gap-4 p-5 sm:p-6"
            onSubmit={e => {
              e.preventDefault()
              if (errors.length) setTurn(turn + 1)
              else look.mutate()
            }}
          >
            <p>{t.lookText}</p>
            {turn > 0 && errors.length > 0 && <ErrorSummary title={t.mend} errors={errors} turn={turn} />}
            {look.isError && <Failure error={look.error} />}
            <Field
              name="number"
              label={t.number}
              hint={t.numberHint}
              required
              value={number}
              error={of('number')}
              onChange={e => setNumber(e.currentTarget.value)}
              autoComplete="off"
              inputMode="numeric"
            />
            <Field
              name="email"
              type="email"
              label={t.email}
              required
              value={email}
              error={of('email')}
              onChange={e => setEmail(e.currentTarget.value)}
              autoComplete="email"
            />
            <button type="submit" className="btn btn-main btn-big" disabled={look.isPending}>
              {look.isPending ? t.looking : t.look}
            </button>
          </form>
        )}
        <KeptOrders />
      </div>
    </Page>
  )
}

function KeptOrders() {
  const t = useText(orderText)
  const { time } = useShop()
  const orders = useStore(kept)
  if (!orders.length) return null
  return (
    <section>
      <h2 className="mb-2 text-lg font-bold">{t.keptTitle}</h2>
      <ul className="card divide-y divide-line">
        {orders.map(o => (
          <li key={o.id}>
            <Link
              href={`/o/${o.id}`}
              className="flex min-h-13 items-center justify-between gap-3 px-5 py-2 hover:bg-sunken"
            >
              <span>
                <span className="block font-medium">{o.number ? t.title({ number: o.number }) : t.titleNew}</span>
                {o.at && <span className="block text-sm text-soft">{time(o.at)}</span>}
              </span>
              <Icon name="next" />
            </Link>
          </li>
        ))}
      </ul>
      <button type="button" className="link text-sm" onClick={forgetOrders}>
        {t.keptForget}
      </button>
    </section>
  )
}
