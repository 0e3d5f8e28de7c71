import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { answer, api } from '../api/client'
import type { Customer, OrderSummary } from '../api/shapes'
import { locale } from '../i18n/locale'
import { useText } from '../i18n/use-text'
import { forgetOrders } from '../orders/keep'
import { orderText } from '../orders/messages'
import { isOver } from '../orders/steps'
import { useShop } from '../shop/config'
import { announce } from '../ui/announce'
import { ErrorSummary, Field } from '../ui/field'
import { Icon } from '../ui/icon'
import { Failure } from '../ui/notice'
import { useForm } from '../ui/use-form'
import { Addresses } from './addresses'
import { Erase } from './erase'
import { accountText } from './messages'
import { meQuery, myOrdersQuery } from './queries'

export function Home({ me }: { me: Customer }) {
  const t = useText(accountText)
  const queries = useQueryClient()
  const out = useMutation({
    mutationFn: () => answer(api.POST('/api/v1/storefront/logout', {})),
    onSuccess: () => {
      forgetOrders() // a shared device must not keep the way to the orders of who signed out
      queries.setQueryData(meQuery.queryKey, null)
      void queries.invalidateQueries()
    }
  })
  return (
    <div className="flex flex-col gap-8">
      <MyOrders />
      <Addresses />
      <Profile me={me} />
      <section className="flex flex-col items-start gap-2 border-t border-line pt-5">
        {out.isError && <Failure error={out.error} />}
        <button type="button" className="btn" disabled={out.isPending} onClick={() => out.mutate()}>
          {t.signOut}
        </button>
      </section>
      <Erase />
    </div>
  )
}

function MyOrders() {
  const t = useText(accountText)
  const o = useText(orderText)
  const { money, time } = useShop()
  const orders = useQuery(myOrdersQuery)
  const state = (order: OrderSummary) =>
    isOver(order)
      ? t.statusCancelled
      : order.status === 'completed'
        ? t.statusDone
        : order.status === 'draft'
          ? t.statusUnpaid
          : t.statusOpen
  return (
    <section>
      <h2 className="mb-2 text-lg font-bold">{t.orders}</h2>
      {orders.isPending && <div className="skeleton h-24" aria-hidden="true" />}
      {orders.isError && <Failure error={orders.error} retry={() => void orders.refetch()} />}
      {orders.data?.length === 0 && <p className="text-soft">{t.noOrders}</p>}
      {!!orders.data?.length && (
        <ul className="card divide-y divide-line">
          {orders.data.map(order => (
            <li key={order.id}>
              <Link
                href={`/o/${order.id}`}
                className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 px-5 py-2 hover:bg-sunken"
              >
                <span>
                  <span className="block font-medium">
                    {order.number ? o.title({ number: String(order.number) }) : o.titleNew}
                  </span>
                  <span className="block text-sm text-soft">
                    {order.placed_at || order.created_at ? time(order.placed_at ?? order.created_at ?? '') : ''}
                  </span>
                </span>
                <span className="flex items-center gap-3">
                  <span className="text-sm text-soft">{state(order)}</span>
                  <span className="money">{money(order.total, order.currency)}</span>
                  <Icon name="next" />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Profile({ me }: { me: Customer }) {
  const t = useText(accountText)
  const queries = useQueryClient()
  const [name, setName] = useState(me.name)
  const [phone, setPhone] = useState(me.phone ?? '')
  const agreed = me.consents.marketing_email?.granted ?? false
  const [consent, setConsent] = useState(agreed)
  const form = useForm(['name', 'phone'])
  const check = () => (name.trim() ? [] : [{ name: 'name', message: t.needName }])
  async function send() {
    const changed = await answer(
      api.PATCH('/api/v1/storefront/me', {
        body: {
          name: name.trim(),
          phone: phone.trim(),
          language: locale.get(),
          ...(consent !== agreed && { consents: { marketing_email: consent } })
        }
      })
    )
    queries.setQueryData(meQuery.queryKey, { ...me, ...changed })
    announce(t.saved)
  }
  return (
    <section>
      <h2 className="mb-2 text-lg font-bold">{t.profile}</h2>
      <form noValidate className="card flex flex-col gap-4 p-5" onSubmit={e => void form.submit(e, check, send)}>
        {form.errors.length > 0 && <ErrorSummary title={t.mend} errors={form.errors} turn={form.turn} />}
        {form.failure !== undefined && <Failure error={form.failure} />}
        <p className="text-soft">{me.email}</p>
        <Field
          name="name"
          label={t.name}
          required
          autoComplete="name"
          value={name}
          error={form.of('name')}
          onChange={e => setName(e.currentTarget.value)}
        />
        <Field
          name="phone"
          type="tel"
          label={t.phone}
          autoComplete="tel"
          value={phone}
          error={form.of('phone')}
          onChange={e => setPhone(e.currentTarget.value)}
        />
        <label className="flex min-h-11 items-center gap-3">
          <input
            type="checkbox"
            className="size-5 shrink-0 accent-(--brand-text)"
            checked={consent}
            onChange={e => setConsent(e.currentTarget.checked)}
          />
          <span>{t.consent}</span>
        </label>
        <button type="submit" className="btn self-start" disabled={form.busy}>
          {form.busy ? t.saving : t.save}
        </button>
      </form>
    </section>
  )
}
