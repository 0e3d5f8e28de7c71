import type { CartLine } from '../api/shapes'
import { Picture } from '../catalog/picture'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { announce } from '../ui/announce'
import { Icon } from '../ui/icon'
import { Stepper } from '../ui/stepper'
import { basket, useCart } from './cart'
import { cartText } from './messages'

/** ill says whether a line keeps the cart from being ordered. */
export const ill = (line: CartLine): boolean => line.availability === 'out' || !!line.problem || tooMany(line)
const tooMany = (line: CartLine) => typeof line.left === 'number' && line.left > 0 && line.quantity > line.left

export const optionsText = (options: Record<string, string> | null | undefined): string =>
  Object.values(options ?? {}).join(' · ')

export function CartLines({ lines, small }: { lines: CartLine[]; small?: boolean }) {
  return (
    <ul className="flex flex-col divide-y divide-line">
      {lines.map(line => (
        <Line key={line.id} line={line} small={!!small} />
      ))}
    </ul>
  )
}

function Line({ line, small }: { line: CartLine; small: boolean }) {
  const t = useText(cartText)
  const { words, money } = useShop()
  const { cart, quantityOf } = useCart()
  const name = words(line.title)
  const quantity = quantityOf(line.variant_id)
  const currency = cart?.currency
  const problem =
    line.availability === 'out'
      ? t.soldOut
      : tooMany(line)
        ? t.onlyLeft({ left: line.left ?? 0 })
        : line.problem
          ? line.problem.message
          : undefined

  if (quantity === 0) return null
  return (
    <li className="flex gap-3 py-3">
      {!small && (
        <div className="hidden w-20 shrink-0 min-[300px]:block">
          <Picture image={line.image} name={name} decorative sizes="80px" className="rounded-xl" />
        </div>
      )}
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <div className="flex flex-wrap items-start justify-between gap-x-2">
          <p className="min-w-24 flex-1 font-medium">
            {name}
            {optionsText(line.options) && (
              <span className="block text-sm font-normal text-soft">{optionsText(line.options)}</span>
            )}
          </p>
          <p className="money">{money(line.total, currency)}</p>
        </div>
        {!small && quantity > 1 && (
          <p className="text-sm text-soft">{t.each({ price: money(line.unit_price, currency) })}</p>
        )}
        {line.price_changed_from != null && line.price_changed_from !== line.unit_price && (
          <p className="flex items-start gap-1 text-sm font-medium text-warn">
            <Icon name="info" className="mt-0.5 size-4" />
            {t.priceChanged({ from: money(line.price_changed_from, currency), to: money(line.unit_price, currency) })}
          </p>
        )}
        {problem && (
          <p className="flex items-start gap-1 text-sm font-medium text-bad">
            <Icon name="alert" className="mt-0.5 size-4" /> {problem}
          </p>
        )}
        <div className="flex flex-wrap items-center justify-between gap-2">
          <Stepper
            name={name}
            value={quantity}
            min={1}
            max={line.left ?? undefined}
            disabled={line.availability === 'out'}
            onChange={n => basket.set(line.variant_id, n)}
          />
          <button
            type="button"
            className="btn btn-plain px-2 text-soft"
            aria-label={t.remove({ name })}
            onClick={() => {
              basket.set(line.variant_id, 0)
              announce(t.removed({ name }))
            }}
          >
            <Icon name="trash" />
          </button>
        </div>
      </div>
    </li>
  )
}
