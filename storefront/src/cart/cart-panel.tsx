import { Link } from 'wouter'
import { useText } from '../i18n/use-text'
import { useCart } from './cart'
import { CartLines } from './lines'
import { cartText } from './messages'
import { Totals } from './totals'

/** CartPanel stands beside a menu on wide screens, so that ordering needs no other page. */
export function CartPanel() {
  const t = useText(cartText)
  const { cart, settling } = useCart()
  return (
    <aside
      aria-label={t.title}
      className="sticky top-24 hidden max-h-[calc(100dvh-7rem)] flex-col gap-3 overflow-y-auto p-5 lg:flex card"
    >
      <h2 className="text-lg font-bold">{t.title}</h2>
      {cart?.lines.length ? (
        <>
          <CartLines lines={cart.lines} small />
          <Totals of={cart} settling={settling} />
          <Link href="/checkout" className="btn btn-main btn-big">
            {t.toCheckout}
          </Link>
        </>
      ) : (
        <p className="text-soft">{t.emptyTitle}</p>
      )}
    </aside>
  )
}
