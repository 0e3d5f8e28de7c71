import { useId, useState } from 'react'
import { Link } from 'wouter'
import type { Product } from '../api/shapes'
import { basket, useCart } from '../cart/cart'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { useWays } from '../shop/ways'
import { announce } from '../ui/announce'
import { Icon } from '../ui/icon'
import { Failure, Notice } from '../ui/notice'
import { Stepper } from '../ui/stepper'
import { catalogText } from './messages'
import { firstPick, missing, ruleOf, stateOf, unitPrice, variantOf, within } from './options'
import { Stock } from './price'

type Props = { product: Product; onAdded?: () => void; onBrowse?: () => void }

/** Picker is where a product becomes a line of the cart: options, quantity, price, and what the shop's rules allow. */
export function Picker({ product, onAdded, onBrowse }: Props) {
  const t = useText(catalogText)
  const { words, money } = useShop()
  const { quantityOf } = useCart()
  const [picked, setPicked] = useState(() => firstPick(product))
  const [wish, setWish] = useState(0)
  const [state, setState] = useState<'idle' | 'adding' | 'added' | 'untold'>('idle')
  const [error, setError] = useState<unknown>()

  const name = words(product.title)
  const variant = variantOf(product, picked)
  const open = missing(product, picked)
  const rule = variant && ruleOf(variant)
  const quantity = rule ? within(rule, wish) : 1
  const sellable = !!rule && (rule.max === undefined || rule.max >= rule.min)
  const inCart = variant ? quantityOf(variant.id) : 0
  const each = variant ? unitPrice(variant, quantity) : Math.min(...product.variants.map(v => v.price.amount))
  const currency = product.variants[0]?.price.currency
  const way = useWays()

  async function add() {
    if (!variant) {
      setState('untold')
      document.querySelector<HTMLElement>(`[data-option="${CSS.escape(open[0] ?? '')}"] input`)?.focus()
      return
    }
    setState('adding')
    setError(undefined)
    try {
      await basket.add({ variant_id: variant.id, quantity })
      setState('added')
      setWish(0)
      announce(t.added({ name }))
      onAdded?.()
    } catch (refused) {
      setError(refused)
      setState('idle')
    }
  }

  return (
    <div className="flex flex-col gap-5">
      <p className="flex flex-wrap items-center gap-3">
        <span className="money text-2xl" data-testid="unit-price">
          {variant || product.variants.every(v => v.price.amount === each)
            ? money(each, currency)
            : t.from({ price: money(each, currency) })}
        </span>
        {variant ? (
          <Stock availability={variant.availability} left={variant.left ?? null} always />
        ) : (
          product.variants.every(v => v.availability === 'out') && <Stock availability="out" />
        )}
      </p>

      {product.options
        .filter(o => o.values.length > 1)
        .map(o => (
          <OptionGroup
            key={o.name}
            name={o.name}
            values={o.values}
            value={picked[o.name] ?? ''}
            state={v => stateOf(product, picked, o.name, v)}
            onPick={v => {
              setPicked({ ...picked, [o.name]: v })
              setState('idle')
            }}
          />
        ))}

      {variant && (variant.tiers?.length ?? 0) > 0 && (
        <div>
          <h2 className="font-semibold">{t.tiers}</h2>
          <ul className="mt-1 text-soft">
            {variant.tiers?.map(tier => (
              <li key={tier.min_quantity}>{t.tier({ n: tier.min_quantity, price: money(tier.amount, currency) })}</li>
            ))}
          </ul>
        </div>
      )}

      {state === 'untold' && open.length > 0 && (
        <Notice tone="bad" live>
          {t.chooseFirst({ options: open.join(', ') })}
        </Notice>
      )}
      {!variant && !open.length && <Notice tone="warn">{t.notMade}</Notice>}
      {error !== undefined && <Failure error={error} />}

      <div className="flex flex-wrap items-center gap-3">
        {variant && sellable && (
          <Stepper name={name} value={quantity} min={rule.min} max={rule.max} step={rule.step} onChange={setWish} />
        )}
        <button
          type="button"
          className="btn btn-main btn-big flex-1"
          disabled={state === 'adding' || (!!variant && !sellable) || (!variant && !open.length)}
          onClick={() => void add()}
        >
          {variant && !sellable ? t.soldOut : state === 'adding' ? t.adding : t.add}
          {variant && sellable && quantity > 1 && <span className="money">{money(each * quantity, currency)}</span>}
        </button>
      </div>
      {rule && sellable && (rule.min > 1 || rule.step > 1 || variant?.quantity_max) && (
        <ul className="-mt-3 text-sm text-soft">
          {rule.min > 1 && <li>{t.atLeast({ n: rule.min })}</li>}
          {rule.step > 1 && <li>{t.inSteps({ n: rule.step })}</li>}
          {variant?.quantity_max ? <li>{t.atMost({ n: variant.quantity_max })}</li> : null}
        </ul>
      )}

      {(state === 'added' || inCart > 0) && (
        <div className="flex flex-wrap items-center justify-between gap-2 rounded-2xl bg-good-bg p-3 text-good">
          <span className="flex items-center gap-2 font-medium">
            <Icon name="check" /> {t.addedTitle} {inCart > 0 && <span className="tabular-nums">× {inCart}</span>}
          </span>
          <span className="flex flex-wrap gap-2">
            {onBrowse && (
              <button type="button" className="btn" onClick={onBrowse}>
                {t.goOn}
              </button>
            )}
            <Link href="/cart" className="btn">
              {t.toCart}
            </Link>
          </span>
        </div>
      )}

      {variant && variant.fulfilment_types.length > 0 && (
        <p className="flex flex-wrap gap-x-4 gap-y-1 text-soft">
          <span className="sr-only">{t.getBy}</span>
          {variant.fulfilment_types.map(f => (
            <span key={f} className="flex items-center gap-2">
              <Icon name={way(f).icon} /> {way(f).name}
            </span>
          ))}
        </p>
      )}
    </div>
  )
}

type GroupProps = {
  name: string
  values: string[]
  value: string
  state: (v: string) => 'ok' | 'out' | 'none'
  onPick: (v: string) => void
}

function OptionGroup({ name, values, value, state, onPick }: GroupProps) {
  const t = useText(catalogText)
  const id = useId()
  return (
    <fieldset data-option={name}>
      <legend className="mb-2 font-semibold">{name}</legend>
      <div className="flex flex-wrap gap-2">
        {values.map(v => {
          const now = state(v)
          return (
            <label key={v} className={`choice ${now === 'ok' ? '' : 'border-dashed text-soft'}`}>
              <input
                type="radio"
                name={id}
                value={v}
                checked={v === value}
                disabled={now === 'none'}
                onChange={() => onPick(v)}
              />
              <span>
                {v}
                {now === 'out' && <span className="block text-sm">{t.soldOut}</span>}
              </span>
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}
