import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { Problem } from '../api/problem'
import { queries } from '../api/queries'
import type { Cart, Customer, SavedAddress } from '../api/shapes'
import { cartQuery, changeCart, useCart } from '../cart/cart'
import { ill } from '../cart/lines'
import { cartText } from '../cart/messages'
import { Totals } from '../cart/totals'
import { addressesQuery, meQuery } from '../customers/queries'
import { useText } from '../i18n/use-text'
import { addressLines, addressOf, useShop } from '../shop/config'
import { useOnline } from '../shop/online'
import { useWays } from '../shop/ways'
import { Area, ErrorSummary, Field } from '../ui/field'
import { Icon } from '../ui/icon'
import { Empty, Failure, Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { useForm } from '../ui/use-form'
import { AddressFields } from './address-fields'
import { aliases, type Form, fieldOf, type Lack, lacks, pricingOf, startForm, waysOf } from './form'
import { checkoutText } from './messages'
import { Methods } from './methods'
import { type Placed, place } from './place'

export default function Checkout() {
  const t = useText(checkoutText)
  const c = useText(cartText)
  const { query, cart } = useCart()
  const me = useQuery(meQuery)
  const saved = useQuery({ ...addressesQuery, enabled: !!me.data })
  const ready = query.isFetched && (me.isSuccess || me.isError) && (!me.data || saved.isFetched)
  // The cart may vanish from under us while the order is being placed: what was here stays until the next page is there.
  const [started, setStarted] = useState<Cart>()
  useEffect(() => {
    if (cart?.lines.length) setStarted(cart)
  }, [cart])
  const shown = cart?.lines.length ? cart : started

  if (!ready) {
    return (
      <Page title={t.title}>
        <div className="skeleton h-96" aria-hidden="true" />
      </Page>
    )
  }
  if (!shown) {
    return (
      <Page title={t.title} hideTitle>
        {query.isError ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Empty icon="bag" title={c.emptyTitle}>
            <Link href="/" className="btn btn-main">
              {c.toShop}
            </Link>
          </Empty>
        )}
      </Page>
    )
  }
  return <CheckoutForm cart={shown} me={me.data ?? null} addresses={saved.data ?? []} />
}

function CheckoutForm({ cart, me, addresses }: { cart: Cart; me: Customer | null; addresses: SavedAddress[] }) {
  const t = useText(checkoutText)
  const { config, money, words } = useShop()
  const { settling } = useCart()
  const online = useOnline()
  const [, go] = useLocation()
  const [form, setForm] = useState(() => startForm(config, cart, me, addresses.find(a => a.is_default) ?? addresses[0]))
  const [seen, setSeen] = useState(cart.total)
  const [outcome, setOutcome] = useState<Placed>()
  const state = useForm(Object.values(fieldOf), aliases)
  const change = (part: Partial<Form>) => setForm(now => ({ ...now, ...part }))
  const text = (name: 'email' | 'name' | 'phone' | 'note') => ({
    name: fieldOf[name],
    value: form[name],
    error: state.of(fieldOf[name]),
    onChange: (e: { currentTarget: { value: string } }) => change({ [name]: e.currentTarget.value })
  })

  // What changes the price is told to the server at once, so that the total on the button is the one to be paid.
  const asked = JSON.stringify(pricingOf(form))
  const [pricing, setPricing] = useState(false)
  const [told, setTold] = useState('')
  const placing = useRef(false)
  useEffect(() => {
    const timer = setTimeout(() => {
      if (placing.current) return setTold(asked) // the cart is on its way as it is
      setPricing(true)
      changeCart(JSON.parse(asked))
        .then(fresh => setSeen(fresh.total))
        .catch(() => {}) // what is wrong is said when the order is placed
        .finally(() => {
          setPricing(false)
          setTold(asked)
        })
    }, 500)
    return () => clearTimeout(timer)
  }, [asked])

  // A price may change while one types. It is said, never slipped in.
  useEffect(() => {
    const now = queries.getQueryData(cartQuery.queryKey) ?? cart // the screen may be one answer behind
    if (pricing || settling || state.busy || now.total === seen) return
    setOutcome({ kind: 'total_changed', from: seen, to: now.total })
    setSeen(now.total)
  }, [pricing, settling, state.busy, cart, seen])

  const sentences: Record<Lack, string> = {
    email: t.lackEmail,
    emailShape: t.lackEmailShape,
    phoneShape: t.lackPhoneShape,
    name: t.lackName,
    line1: t.lackLine1,
    city: t.lackCity,
    country: t.lackCountry,
    location_id: t.lackLocation,
    payment_method: t.lackPayment
  }
  const check = () => lacks(form, config).map(([field, lack]) => ({ name: fieldOf[field], message: sentences[lack] }))
  async function send() {
    setOutcome(undefined)
    placing.current = true
    const result = await place(form, seen).finally(() => {
      placing.current = false
    })
    if (result.kind === 'total_changed') setSeen(result.to)
    if (result.kind !== 'placed') return setOutcome(result)
    if (result.redirect) location.assign(result.redirect)
    else go(`/o/${result.order}`, { replace: true })
  }

  const method = config.payment_methods.find(m => m.id === form.payment_method)
  const total = money(seen, cart.currency)
  const unanswered = state.failure instanceof Problem && state.failure.unanswered
  // Not while the price is reckoned: a press then would be lost, and place() itself waits for the price and asks if it is another.
  const blocked = !online || state.busy || cart.lines.some(ill) || !config.payment_methods.length
  const offered = waysOf(config)
  const { price, free_from } = config.shipping
  const isFree = !price || (free_from > 0 && cart.subtotal - cart.discount_total >= free_from)
  const delivery = isFree ? t.deliveryFree : t.deliveryPrice({ price: money(price) })
  const way = useWays()

  return (
    <Page title={t.title}>
      <form
        noValidate
        className="grid gap-6 lg:grid-cols-[1fr_22rem] lg:items-start"
        onSubmit={e => void state.submit(e, check, send)}
      >
        <div className="flex flex-col gap-6">
          {state.errors.length > 0 && <ErrorSummary title={t.mendTitle} errors={state.errors} turn={state.turn} />}

          <Part title={t.contact}>
            {!me && (
              <Link href="/account" className="link">
                {t.guest}
              </Link>
            )}
            <Field
              {...text('email')}
              type="email"
              label={t.email}
              hint={t.emailHint}
              required
              autoComplete="email"
              inputMode="email"
            />
            <div className="grid gap-4 sm:grid-cols-2">
              <Field {...text('name')} label={t.name} required autoComplete="name" />
              <Field {...text('phone')} type="tel" label={t.phone} autoComplete="tel" />
            </div>
          </Part>

          <Part title={t.how}>
            <div className="grid gap-2 sm:grid-cols-2" role="radiogroup" aria-label={t.how}>
              {offered.map(f => (
                <label key={f} className="choice">
                  <input
                    type="radio"
                    name="fulfilment_type"
                    value={f}
                    checked={form.fulfilment_type === f}
                    onChange={() => change({ fulfilment_type: f })}
                  />
                  <Icon name={way(f).icon} className="size-6" />
                  <span>
                    <span className="block font-medium">{way(f).name}</span>
                    <span className="block text-sm text-soft">{f === 'ship' ? delivery : way(f).hint}</span>
                  </span>
                </label>
              ))}
            </div>
            {state.of('fulfilment_type') && (
              <p className="text-sm font-medium text-bad">{state.of('fulfilment_type')}</p>
            )}
            {form.fulfilment_type === 'pickup' && config.locations.length > 0 && (
              <Places
                value={form.location_id}
                error={state.of('location_id')}
                onChange={id => change({ location_id: id })}
              />
            )}
            {form.fulfilment_type === 'ship' && (
              <div className="flex flex-col gap-4">
                <h3 className="font-semibold">{t.address}</h3>
                <Saved addresses={addresses} onPick={change} />
                <AddressFields prefix="shipping_address." form={form} error={state.of} onChange={change} />
              </div>
            )}
            <Area {...text('note')} label={t.note} maxLength={1000} />
          </Part>

          <Part title={t.payment}>
            {config.payment_methods.length ? (
              <Methods
                methods={config.payment_methods}
                value={form.payment_method}
                error={state.of('payment_method')}
                onChange={id => change({ payment_method: id })}
              />
            ) : (
              <Notice tone="warn">{t.noMethods}</Notice>
            )}
            {form.payment_method === 'manual' && words(config.transfer_instructions) && (
              <Notice tone="info" title={t.transferTitle}>
                <p className="whitespace-pre-line">{words(config.transfer_instructions)}</p>
                <p className="mt-2 text-sm text-soft">{t.transferText}</p>
              </Notice>
            )}
            {method?.kind === 'manual' && config.confirm_orders && (
              <p role="status" className="flex items-start gap-2 text-sm text-soft">
                <Icon name="clock" className="mt-0.5 size-4" /> {t.confirm}
              </p>
            )}
          </Part>
        </div>

        <section className="card flex flex-col gap-4 p-5 lg:sticky lg:top-24" aria-label={t.summary}>
          <h2 className="text-lg font-bold">{t.summary}</h2>
          <ul className="flex flex-col gap-1 text-sm">
            {cart.lines.map(l => (
              <li key={l.id} className="flex justify-between gap-3">
                <span>
                  <span className="text-soft tabular-nums">{l.quantity} ×</span> {words(l.title)}
                </span>
                <span className="money font-normal">{money(l.total, cart.currency)}</span>
              </li>
            ))}
          </ul>
          <Totals of={cart} settling={pricing || settling || asked !== told} />
          {outcome?.kind === 'total_changed' && (
            <Notice tone="warn" title={t.changedTitle({ to: money(outcome.to, cart.currency) })} live>
              {t.changedText({ from: money(outcome.from, cart.currency) })}
            </Notice>
          )}
          {(outcome?.kind === 'out_of_stock' || cart.lines.some(ill)) && (
            <Notice tone="bad" title={t.soldOutTitle} live>
              <p>{t.soldOutText}</p>
              <Link href="/cart" className="btn mt-2">
                {t.toCart}
              </Link>
            </Notice>
          )}
          {unanswered ? (
            <Notice tone="warn" live>
              {t.unanswered}
            </Notice>
          ) : (
            state.failure !== undefined && <Failure error={state.failure} />
          )}
          <button type="submit" className="btn btn-main btn-big" disabled={blocked}>
            {state.busy ? t.placing : method?.kind === 'manual' ? t.placeManual({ total }) : t.place({ total })}
          </button>
          {!online && <Offline />}
          <p className="flex items-start gap-2 text-sm text-soft">
            <Icon name="lock" className="mt-0.5 size-4" /> {t.once}
          </p>
        </section>
      </form>
    </Page>
  )
}

function Offline() {
  const t = useText(cartText)
  return <p className="text-sm text-warn">{t.offline}</p>
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="card flex flex-col gap-4 p-5 sm:p-6">
      <h2 className="text-lg font-bold">{title}</h2>
      {children}
    </section>
  )
}

function Places({
  value,
  error,
  onChange
}: {
  value: string
  error: string | undefined
  onChange: (id: string) => void
}) {
  const t = useText(checkoutText)
  const { config, locale } = useShop()
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 font-semibold">{t.where}</legend>
      {config.locations.map((l, i) => (
        <label key={l.id} className="choice">
          <input
            type="radio"
            name="location_id"
            id={i === 0 ? 'field-location_id' : undefined}
            checked={l.id === value}
            onChange={() => onChange(l.id)}
          />
          <span>
            <span className="block font-medium">{l.name}</span>
            {addressLines(addressOf(l), locale).length > 0 && (
              <span className="block text-sm text-soft">{addressLines(addressOf(l), locale).join(', ')}</span>
            )}
          </span>
        </label>
      ))}
      {error && <p className="text-sm font-medium text-bad">{error}</p>}
    </fieldset>
  )
}

function Saved({ addresses, onPick }: { addresses: SavedAddress[]; onPick: (part: Partial<Form>) => void }) {
  const t = useText(checkoutText)
  if (addresses.length < 2) return null
  return (
    <ul className="flex flex-wrap gap-2" aria-label={t.saved}>
      {addresses.map(a => (
        <li key={a.id}>
          <button
            type="button"
            className="chip"
            onClick={() =>
              onPick({
                line1: a.lines?.[0] ?? '',
                line2: a.lines?.[1] ?? '',
                city: a.city ?? '',
                region: a.region ?? '',
                postal_code: a.postal_code ?? '',
                country: a.country ?? ''
              })
            }
          >
            {[a.label, a.lines?.[0], a.city].filter(Boolean).join(', ')}
          </button>
        </li>
      ))}
    </ul>
  )
}
