import type { PriceList, Product, ProductInput, VariantInput } from './api'

/** A product as its form holds it. */
export type Draft = ProductInput

export function emptyVariant(options: Record<string, string> = {}, sku = ''): VariantInput {
  return {
    sku,
    barcode: '',
    options,
    status: 'active',
    fulfilment_types: ['ship', 'pickup'],
    quantity_min: 1,
    quantity_max: 0,
    quantity_step: 1,
    weight_g: 0,
    tracked: true,
    prices: [],
    on_hand: 0,
  }
}

export function emptyDraft(): Draft {
  return {
    slug: '',
    type: 'physical',
    status: 'draft',
    title: {},
    description: {},
    tax_class: 'standard',
    attributes: {},
    options: [],
    category_ids: [],
    variants: [emptyVariant()],
  }
}

export function draftOf(product: Product): Draft {
  const { slug, type, status, title, description, tax_class, attributes, options, category_ids, variants } = product
  return {
    slug,
    type,
    status,
    title: title ?? {},
    description: description ?? {},
    tax_class,
    attributes: attributes ?? {},
    options,
    category_ids,
    variants: variants.map(({ stock: _, quantity_max, weight_g, cost, barcode, ...variant }) => ({
      ...variant,
      options: variant.options ?? {},
      barcode: barcode ?? '',
      quantity_max: quantity_max ?? 0,
      weight_g: weight_g ?? 0,
      ...(typeof cost === 'number' && { cost }),
    })),
  }
}

/** What is sent: texts that are empty are left out, as are new variants without a SKU. */
export function inputOf(draft: Draft): ProductInput {
  const { slug, ...rest } = draft
  return {
    ...rest,
    ...(slug?.trim() && { slug: slug.trim() }),
    title: said(draft.title),
    description: said(draft.description),
    variants: draft.variants
      .filter(variant => variant.id || variant.sku.trim())
      .map(variant => ({
        ...variant,
        sku: variant.sku.trim(),
        prices: variant.prices.filter(price => price.amount !== null),
      })),
  }
}

function said(texts: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(texts)
      .map(([language, text]) => [language, text.trim()] as const)
      .filter(([, text]) => text),
  )
}

/** The choices of all options that no variant has yet: 2 sizes and 3 colours are 6. */
export function missingChoices(draft: Pick<Draft, 'options' | 'variants'>): Record<string, string>[] {
  const options = draft.options.filter(option => option.name && option.values.length > 0)
  if (options.length === 0) return []
  const all = options.reduce<Record<string, string>[]>(
    (choices, option) => choices.flatMap(choice => option.values.map(value => ({ ...choice, [option.name]: value }))),
    [{}],
  )
  const key = (choice: Record<string, string>) => options.map(option => choice[option.name] ?? '').join('\u0000')
  const taken = new Set(
    draft.variants.filter(variant => variant.status === 'active').map(variant => key(variant.options)),
  )
  return all.filter(choice => !taken.has(key(choice)))
}

/** A SKU that continues those of the product: MUG and {size: L} is MUG-L. */
export function skuFor(draft: Pick<Draft, 'variants' | 'title'>, choice: Record<string, string>) {
  const base =
    commonStart(draft.variants.map(variant => variant.sku).filter(Boolean)) || (draft.title.en ?? '').slice(0, 12)
  const tail = Object.values(choice).map(value => value.slice(0, 8))
  return [base.replace(/[-_ ]+$/, ''), ...tail].filter(Boolean).join('-').toUpperCase().replace(/\s+/g, '-')
}

function commonStart(skus: string[]) {
  const [first = '', ...others] = skus
  let length = others.length === 0 ? first.length : 0
  while (length < first.length && others.length > 0 && others.every(sku => sku[length] === first[length])) length++
  return first.slice(0, length)
}

/** The unit price of one piece in a price list, and how it is set. */
export function basePrice(variant: VariantInput, list: PriceList | undefined) {
  return variant.prices.find(price => price.price_list_id === list?.id && price.min_quantity === 1)?.amount ?? null
}

export function withPrice(
  variant: VariantInput,
  list: PriceList,
  minQuantity: number,
  amount: number | null,
): VariantInput {
  const others = variant.prices.filter(price => price.price_list_id !== list.id || price.min_quantity !== minQuantity)
  return {
    ...variant,
    prices: amount === null ? others : [...others, { price_list_id: list.id, min_quantity: minQuantity, amount }],
  }
}
