import type { Cart } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { cartText } from './messages'

type Sums = Pick<
  Cart,
  | 'currency'
  | 'subtotal'
  | 'shipping_total'
  | 'tax_total'
  | 'discount_total'
  | 'total'
  | 'tax_included'
  | 'fulfilment_type'
>

/** Totals lists the server's sums. While it is open whether the goods are sent, it says what that would cost. */
export function Totals({ of, settling }: { of: Sums; settling?: boolean }) {
  const t = useText(cartText)
  const { config, money } = useShop()
  const { price, free_from } = config.shipping
  const open = !of.fulfilment_type && config.fulfilment_types.includes('ship') && of.currency === config.tenant.currency
  const isFree = !price || (free_from > 0 && of.subtotal - of.discount_total >= free_from)
  const sent = { price: money(price), from: money(free_from) }
  const rows: [string, string][] = [[t.subtotal, money(of.subtotal, of.currency)]]
  if (of.discount_total) rows.push([t.discount, money(-of.discount_total, of.currency)])
  if (open) rows.push([t.shipping, isFree ? t.free : free_from ? t.sentFreeFrom(sent) : t.sent(sent)])
  else if (of.shipping_total) rows.push([t.shipping, money(of.shipping_total, of.currency)])
  else if (of.fulfilment_type === 'ship') rows.push([t.shipping, t.free])
  if (!of.tax_included && of.tax_total) rows.push([t.tax, money(of.tax_total, of.currency)])
  return (
    <div aria-busy={settling}>
      <dl className="flex flex-col gap-1">
        {rows.map(([name, value]) => (
          <div key={name} className="flex justify-between gap-4">
            <dt className="shrink-0 text-soft">{name}</dt>
            <dd className="text-right tabular-nums">{value}</dd>
          </div>
        ))}
        <div className="mt-1 flex items-baseline justify-between gap-4 border-t border-line pt-2 text-lg">
          <dt className="font-bold">
            {t.total} {settling && <span className="text-sm font-normal text-soft">{t.updating}</span>}
          </dt>
          <dd className="money text-right text-xl" data-testid="total">
            {money(of.total, of.currency)}
          </dd>
        </div>
      </dl>
      {of.tax_included && of.tax_total > 0 && (
        <p className="text-right text-sm text-soft">{t.taxIncluded({ tax: money(of.tax_total, of.currency) })}</p>
      )}
    </div>
  )
}
