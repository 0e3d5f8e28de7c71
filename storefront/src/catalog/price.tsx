import type { Availability, ProductCard } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { Icon } from '../ui/icon'
import { catalogText } from './messages'

export function CardPrice({ card }: { card: Pick<ProductCard, 'price' | 'from_price'> }) {
  const t = useText(catalogText)
  const { money } = useShop()
  const price = money(card.price.amount, card.price.currency)
  return <span className="money text-lg">{card.from_price ? t.from({ price }) : price}</span>
}

/** Stock says how much is left in words, and only when it matters. */
export function Stock({
  availability,
  left,
  always
}: {
  availability: Availability
  left?: number | null
  always?: boolean
}) {
  const t = useText(catalogText)
  if (availability === 'out') {
    return (
      <span className="badge bg-bad-bg text-bad">
        <Icon name="close" className="size-4" /> {t.soldOut}
      </span>
    )
  }
  if (availability === 'low') {
    return (
      <span className="badge bg-warn-bg text-warn">
        <Icon name="clock" className="size-4" /> {left ? t.fewLeft(left) : t.low}
      </span>
    )
  }
  return always ? (
    <span className="badge bg-good-bg text-good">
      <Icon name="check" className="size-4" /> {t.inStock}
    </span>
  ) : null
}
