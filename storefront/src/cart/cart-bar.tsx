import { Link, useLocation } from 'wouter'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { Icon } from '../ui/icon'
import { useCart } from './cart'
import { cartText } from './messages'

/** CartBar keeps the way to the cart under the thumb while one looks around. */
export function CartBar() {
  const t = useText(cartText)
  const { money } = useShop()
  const { cart, count, settling } = useCart()
  const [path] = useLocation()
  const browsing = path === '/' || /^\/(c|p|search)(\/|$)/.test(path)
  if (!cart || !count || !browsing) return null
  return (
    <aside
      aria-label={t.title}
      className="sticky bottom-0 z-20 p-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] lg:hidden"
    >
      <Link href="/cart" className="btn btn-main btn-big mx-auto flex w-full max-w-xl justify-between shadow-lg">
        <span className="flex items-center gap-2">
          <Icon name="bag" /> {t.view(count)}
        </span>
        <span className="money" aria-busy={settling}>
          {money(cart.subtotal, cart.currency)}
        </span>
      </Link>
    </aside>
  )
}
