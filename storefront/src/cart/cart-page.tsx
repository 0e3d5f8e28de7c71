import { Link } from 'wouter'
import { useStockUpdates } from '../catalog/stock-updates'
import { useText } from '../i18n/use-text'
import { useOnline } from '../shop/online'
import { Icon } from '../ui/icon'
import { Empty, Failure, Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { useCart } from './cart'
import { CartLines, ill } from './lines'
import { cartText } from './messages'
import { Totals } from './totals'

export default function CartPage() {
  const t = useText(cartText)
  const online = useOnline()
  const { query, cart, error, settling } = useCart()
  useStockUpdates()

  if (query.isPending) {
    return (
      <Page title={t.title}>
        <div className="skeleton h-64" aria-hidden="true" />
      </Page>
    )
  }
  if (query.isError && !cart) {
    return (
      <Page title={t.title}>
        <Failure error={query.error} retry={() => void query.refetch()} />
      </Page>
    )
  }
  if (!cart?.lines.length) {
    return (
      <Page title={t.title} hideTitle>
        <Empty icon="bag" title={t.emptyTitle}>
          <p className="text-soft">{t.emptyText}</p>
          <Link href="/" className="btn btn-main">
            {t.toShop}
          </Link>
        </Empty>
      </Page>
    )
  }
  const sick = cart.lines.some(ill)
  return (
    <Page title={t.title}>
      <div className="grid gap-6 lg:grid-cols-[1fr_22rem] lg:items-start">
        <div className="flex flex-col gap-4">
          {error !== undefined && <Failure error={error} />}
          {sick && <Notice tone="warn">{t.mend}</Notice>}
          <div className="card px-4 sm:px-6">
            <CartLines lines={cart.lines} />
          </div>
        </div>
        <section className="card flex flex-col gap-4 p-5 lg:sticky lg:top-24" aria-label={t.total}>
          <Totals of={cart} settling={settling} />
          {sick || !online ? (
            <button type="button" className="btn btn-main btn-big" disabled>
              {t.toCheckout}
            </button>
          ) : (
            <Link href="/checkout" className="btn btn-main btn-big">
              {t.toCheckout}
            </Link>
          )}
          {!online && <p className="text-sm text-warn">{t.offline}</p>}
          <p className="flex items-start gap-2 text-sm text-soft">
            <Icon name="lock" className="mt-0.5 size-4" /> {t.saved}
          </p>
        </section>
      </div>
    </Page>
  )
}
