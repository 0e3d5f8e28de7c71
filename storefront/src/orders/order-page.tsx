import { useEffect, useRef } from 'react'
import { Link, useParams, useSearchParams } from 'wouter'
import { Problem } from '../api/problem'
import type { Order } from '../api/shapes'
import { optionsText } from '../cart/lines'
import { Totals } from '../cart/totals'
import { Picture } from '../catalog/picture'
import { useText } from '../i18n/use-text'
import { PayPanel } from '../payments/pay-panel'
import { addressLines, addressOf, useShop } from '../shop/config'
import { announce } from '../ui/announce'
import { Icon, type IconName } from '../ui/icon'
import { Empty, Failure } from '../ui/notice'
import { Page } from '../ui/page'
import { CancelOrder } from './cancel'
import { keepOrder } from './keep'
import { orderText } from './messages'
import { useOrder } from './order-query'
import { byTransfer, type Headline, headlineOf, isOver, paysLater } from './steps'
import { Steps } from './steps-view'

/** OrderPage is the one page of an order: paying, watching it move, tracking, cancelling. It changes by itself. */
export default function OrderPage() {
  const { id = '' } = useParams<{ id: string }>()
  const [search, setSearch] = useSearchParams()
  const token = search.get('token')
  if (token) keepOrder({ id, token }) // before the first read, which needs it

  useEffect(() => {
    if (!token) return
    // The token opens the order, so it does not stay in the address bar, the history or a screenshot.
    setSearch(
      now => {
        now.delete('token')
        return now
      },
      { replace: true }
    )
  }, [token, setSearch])

  return <Watched id={id} key={id} />
}

function Watched({ id }: { id: string }) {
  const t = useText(orderText)
  const order = useOrder(id)
  const number = order.data?.number ? String(order.data.number) : ''
  const at = order.data?.placed_at ?? order.data?.created_at ?? ''
  const title = number ? t.title({ number }) : t.titleNew

  useEffect(() => {
    if (number) keepOrder({ id, number, at })
  }, [id, number, at])

  if (!order.data) {
    if (order.error instanceof Problem && [401, 403, 404].includes(order.error.status)) return <Lost />
    return (
      <Page title={t.titleNew} narrow>
        {order.isError ? (
          <Failure error={order.error} retry={() => void order.refetch()} />
        ) : (
          <div className="skeleton h-80" aria-hidden="true" />
        )}
      </Page>
    )
  }
  return (
    <Page title={title} narrow>
      <div className="flex flex-col gap-5">
        <State order={order.data} />
        {order.live === 'paused' && <p className="text-sm text-soft">{t.paused}</p>}
        <Details order={order.data} />
      </div>
    </Page>
  )
}

const icons: Record<Headline, IconName> = {
  pay: 'clock',
  waiting: 'clock',
  failed: 'alert',
  checking: 'clock',
  thanks: 'check',
  accepted: 'check',
  packed: 'bag',
  partly: 'truck',
  shipped: 'truck',
  ready: 'store',
  done: 'check',
  cancelled: 'close',
  expired: 'close',
  refunded: 'refresh'
}
const tone = (h: Headline) =>
  h === 'failed'
    ? 'bg-bad-bg text-bad'
    : ['pay', 'checking', 'waiting'].includes(h)
      ? 'bg-warn-bg text-warn'
      : ['cancelled', 'expired', 'refunded'].includes(h)
        ? 'bg-sunken text-ink'
        : 'bg-good-bg text-good'

function State({ order }: { order: Order }) {
  const t = useText(orderText)
  const { money, time } = useShop()
  const headline = headlineOf(order)
  const said = useRef(headline)

  useEffect(() => {
    if (said.current !== headline) announce(t[headline])
    said.current = headline
  }, [headline, t])

  const email = order.email ?? ''
  const text: Record<Headline, string> = {
    pay: order.expires_at ? `${t.payDo} ${t.payBy({ time: time(order.expires_at, { timeStyle: 'short' }) })}` : t.payDo,
    failed: t.failedDo,
    checking: t.checkingDo,
    waiting: t.waitingDo,
    partly: t.partlyDo,
    thanks: t.thanksDo({ email }),
    accepted: byTransfer(order) ? t.transferDo({ email }) : t.acceptedDo({ email }),
    packed: t.packedDo,
    shipped: t.shippedDo,
    ready: t.readyDo,
    done: t.doneDo,
    cancelled: t.cancelledDo,
    expired: t.expiredDo,
    refunded: t.refundedDo({ amount: money(order.refunded_total, order.currency) })
  }
  return (
    <>
      <div
        className={`flex items-start gap-4 rounded-3xl p-5 ${tone(headline)}`}
        data-testid="state"
        data-state={headline}
      >
        <Icon name={icons[headline]} className="mt-1 size-8" />
        <div className="min-w-0">
          <p className="text-2xl font-bold">{t[headline]}</p>
          <p>{text[headline]}</p>
          {order.on_hold && !isOver(order) && <p>{t.onHold}</p>}
          {order.refunded_total > 0 && headline !== 'refunded' && (
            <p>{t.refundedPart({ amount: money(order.refunded_total, order.currency) })}</p>
          )}
        </div>
      </div>
      {['pay', 'failed'].includes(headline) && <PayPanel order={order} failed={headline === 'failed'} />}
      {byTransfer(order) && <Transfer order={order} />}
      {!isOver(order) && <Steps order={order} />}
    </>
  )
}

/** Transfer says how to pay an order by bank until the money is there. */
function Transfer({ order }: { order: Order }) {
  const t = useText(orderText)
  const { config, words, money } = useShop()
  const how = words(config.transfer_instructions)
  const facts: [string, string][] = [
    [t.transferAmount, money(order.total - order.paid_total, order.currency)],
    [t.transferReference, t.title({ number: String(order.number) })]
  ]
  if (how) facts.push([t.transferHow, how])
  return (
    <section className="card flex flex-col gap-3 p-5" aria-label={t.transfer} data-testid="transfer">
      <h2 className="text-xl font-bold">{t.transfer}</h2>
      <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[auto_1fr]">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-soft">{name}</dt>
            <dd className="mb-2 font-medium whitespace-pre-line sm:mb-0">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Details({ order }: { order: Order }) {
  const t = useText(orderText)
  const { config, words, money, time, locale } = useShop()
  const place =
    config.locations.find(l => l.id === order.location_id) ??
    (config.locations.length === 1 ? config.locations[0] : undefined)
  const at = order.placed_at ?? order.created_at
  const parcels = (order.fulfilments ?? []).filter(f => f.tracking_number || f.tracking_url)
  return (
    <>
      {parcels.length > 0 && (
        <section className="card p-5">
          <h2 className="font-semibold">{t.tracking}</h2>
          <ul>
            {parcels.map(p => (
              <li key={`${p.carrier} ${p.tracking_number}`}>
                {p.tracking_url && /^https?:/i.test(p.tracking_url) ? (
                  <a className="link" href={p.tracking_url} target="_blank" rel="noreferrer noopener">
                    <Icon name="truck" /> {t.track({ number: p.tracking_number ?? '' })}
                  </a>
                ) : (
                  <p className="flex items-center gap-2 py-2">
                    <Icon name="truck" /> {t.parcel({ carrier: p.carrier ?? '', number: p.tracking_number ?? '' })}
                  </p>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="card p-5">
        <div className="flex flex-wrap items-baseline justify-between gap-2">
          <h2 className="font-semibold">{t.items}</h2>
          {at && <p className="text-sm text-soft">{t.placedAt({ at: time(at) })}</p>}
        </div>
        <ul className="my-2 divide-y divide-line">
          {order.lines.map(line => (
            <li key={line.line} className="flex items-center gap-3 py-2">
              <div className="w-14 shrink-0">
                <Picture image={line.image} name={words(line.title)} decorative sizes="56px" className="rounded-lg" />
              </div>
              <p className="min-w-0 flex-1">
                <span className="text-soft tabular-nums">{t.times({ n: line.quantity })}</span> {words(line.title)}
                {optionsText(line.options) && (
                  <span className="block text-sm text-soft">{optionsText(line.options)}</span>
                )}
              </p>
              <p className="money">{money(line.total, order.currency)}</p>
            </li>
          ))}
        </ul>
        <Totals of={order} />
      </section>
      <section className="card grid gap-4 p-5 sm:grid-cols-2">
        {order.fulfilment_type === 'ship' && order.shipping_address && (
          <div>
            <h2 className="font-semibold">{t.delivery}</h2>
            <address className="not-italic text-soft">
              {addressLines(order.shipping_address, locale).map(l => (
                <span key={l} className="block">
                  {l}
                </span>
              ))}
            </address>
          </div>
        )}
        {order.fulfilment_type === 'pickup' && place && (
          <div>
            <h2 className="font-semibold">{t.pickupAt}</h2>
            <address className="not-italic text-soft">
              <span className="block">{place.name}</span>
              {addressLines(addressOf(place), locale).map(l => (
                <span key={l} className="block">
                  {l}
                </span>
              ))}
            </address>
          </div>
        )}
        {(order.email || order.phone) && (
          <div>
            <h2 className="font-semibold">{t.contact}</h2>
            <p className="text-soft">
              {[order.name, order.email, order.phone].filter(Boolean).map(l => (
                <span key={l} className="block">
                  {l}
                </span>
              ))}
            </p>
          </div>
        )}
        {order.note && (
          <div>
            <h2 className="font-semibold">{t.note}</h2>
            <p className="whitespace-pre-line text-soft">{order.note}</p>
          </div>
        )}
      </section>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <Link href="/" className="btn">
          {t.again}
        </Link>
        {order.allowed?.includes('cancel') && (
          <CancelOrder order={order} refund={order.paid_total > 0 && !paysLater(order)} />
        )}
      </div>
    </>
  )
}

function Lost() {
  const t = useText(orderText)
  return (
    <Page title={t.lostTitle} hideTitle>
      <Empty icon="lock" title={t.lostTitle}>
        <p className="text-soft">{t.lostText}</p>
        <Link href="/orders" className="btn btn-main">
          {t.lookTitle}
        </Link>
      </Empty>
    </Page>
  )
}
