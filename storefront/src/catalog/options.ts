import type { Product, Variant } from '../api/shapes'

export type Picked = Record<string, string>

/** variantOf is the variant that has exactly the picked options, once every option is picked. */
export function variantOf(product: Pick<Product, 'options' | 'variants'>, picked: Picked): Variant | undefined {
  if (missing(product, picked).length) return undefined
  return product.variants.find(v => product.options.every(o => v.options[o.name] === picked[o.name]))
}

/** missing names the options that still have to be picked. */
export const missing = (product: Pick<Product, 'options'>, picked: Picked): string[] =>
  product.options.map(o => o.name).filter(name => !picked[name])

/** stateOf tells of one value, given the other picks: can it be had, is it sold out, or is it not made at all. */
export function stateOf(
  product: Pick<Product, 'variants'>,
  picked: Picked,
  option: string,
  value: string
): 'ok' | 'out' | 'none' {
  const others = Object.entries(picked).filter(([name, v]) => name !== option && v)
  const fits = product.variants.filter(
    v => v.options[option] === value && others.every(([name, o]) => v.options[name] === o)
  )
  if (!fits.length) return 'none'
  return fits.some(v => v.availability !== 'out') ? 'ok' : 'out'
}

/** firstPick picks what leaves no choice: options of one value, and all options of a product with one variant. */
export function firstPick(product: Pick<Product, 'options' | 'variants'>): Picked {
  const only = product.variants.length === 1 ? product.variants[0]?.options : undefined
  return Object.fromEntries(
    product.options.map(o => [o.name, only?.[o.name] ?? (o.values.length === 1 ? (o.values[0] ?? '') : '')])
  )
}

export type Rule = { min: number; max: number | undefined; step: number }

/** ruleOf is what a quantity must obey: the variant's own rule, and what is left of it. max below min means it cannot be had. */
export function ruleOf(
  v: Pick<Variant, 'quantity_min' | 'quantity_max' | 'quantity_step' | 'left' | 'availability'>
): Rule {
  const step = Math.max(1, v.quantity_step || 1)
  const min = Math.max(1, v.quantity_min || 1)
  const limits = [v.quantity_max, v.left].filter((n): n is number => typeof n === 'number' && n > 0)
  if (v.availability === 'out') return { min, max: 0, step }
  if (!limits.length) return { min, max: undefined, step }
  const limit = Math.min(...limits)
  return { min, max: limit < min ? 0 : min + Math.floor((limit - min) / step) * step, step }
}

/** within is the quantity that is wished for, or the nearest that the rule allows. */
export const within = (rule: Rule, wish: number) => Math.max(rule.min, Math.min(wish, rule.max ?? wish))

/** unitPrice is the price of one when so many are bought, by the best tier reached. */
export function unitPrice(v: Pick<Variant, 'price' | 'tiers'>, quantity: number): number {
  const reached = (v.tiers ?? [])
    .filter(t => t.min_quantity <= quantity)
    .sort((a, b) => b.min_quantity - a.min_quantity)[0]
  return reached?.amount ?? v.price.amount
}
