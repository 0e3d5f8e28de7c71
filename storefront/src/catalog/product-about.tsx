import type { Product } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { catalogText } from './messages'

/** About tells what the shop wrote of a product: words, attributes, item number. */
export function About({ product }: { product: Product }) {
  const t = useText(catalogText)
  const { words } = useShop()
  const facts = Object.entries(product.attributes ?? {}).filter(
    ([, v]) => ['string', 'number', 'boolean'].includes(typeof v) && v !== ''
  )
  const sku = product.variants.length === 1 ? product.variants[0]?.sku : undefined
  const text = words(product.description)
  if (!text && !facts.length && !sku) return null
  return (
    <section className="border-t border-line pt-4">
      <h2 className="font-semibold">{t.details}</h2>
      {text && <p className="mt-2 max-w-prose whitespace-pre-line">{text}</p>}
      {facts.length > 0 && (
        <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-6 gap-y-1">
          {facts.map(([key, value]) => (
            <div key={key} className="contents">
              <dt className="text-soft">{key}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      {sku && <p className="mt-3 text-sm text-soft">{t.sku({ sku })}</p>}
    </section>
  )
}
