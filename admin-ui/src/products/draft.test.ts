import { expect, test } from 'vitest'
import type { PriceList, Product, VariantInput } from './api'
import { basePrice, draftOf, emptyDraft, emptyVariant, inputOf, missingChoices, skuFor, withPrice } from './draft'

const sizes = { name: 'Size', values: ['S', 'L'] }
const colours = { name: 'Colour', values: ['Red', 'Blue'] }

test('the missing variants are all choices but those that exist', () => {
  const variants: VariantInput[] = [
    emptyVariant({ Size: 'S', Colour: 'Red' }, 'A'),
    { ...emptyVariant({ Size: 'L', Colour: 'Red' }, 'B'), status: 'archived' },
  ]
  expect(missingChoices({ options: [sizes, colours], variants })).toEqual([
    { Size: 'S', Colour: 'Blue' },
    { Size: 'L', Colour: 'Red' }, // the archived one does not count
    { Size: 'L', Colour: 'Blue' },
  ])
  expect(missingChoices({ options: [], variants: [] })).toEqual([])
  expect(missingChoices({ options: [{ name: 'Size', values: [] }], variants: [] })).toEqual([])
})

test('a new SKU continues the others', () => {
  const mugs = [emptyVariant({}, 'MUG-S'), emptyVariant({}, 'MUG-M')]
  expect(skuFor({ variants: mugs, title: {} }, { Size: 'L' })).toBe('MUG-L')
  expect(skuFor({ variants: [emptyVariant({}, 'TEA')], title: {} }, { Size: 'Large tin' })).toBe('TEA-LARGE-TI')
  expect(skuFor({ variants: [emptyVariant()], title: { en: 'Blue bowl' } }, {})).toBe('BLUE-BOWL')
})

test('empty texts and variants without a SKU are not sent', () => {
  const draft = {
    ...emptyDraft(),
    title: { en: ' Mug ', zh: ' ' },
    variants: [emptyVariant({}, ' MUG '), emptyVariant()],
  }
  const input = inputOf(draft)
  expect(input.title).toEqual({ en: 'Mug' })
  expect(input.variants.map(variant => variant.sku)).toEqual(['MUG'])
  expect('slug' in input).toBe(false)
})

test('a price is set, changed and taken away for one list and quantity', () => {
  const list = { id: 'l1' } as PriceList
  const other = { price_list_id: 'l2', min_quantity: 1, amount: 7 }
  let variant: VariantInput = { ...emptyVariant(), prices: [other] }
  variant = withPrice(variant, list, 1, 500)
  variant = withPrice(variant, list, 10, 450)
  variant = withPrice(variant, list, 1, 600)
  expect(basePrice(variant, list)).toBe(600)
  expect(variant.prices).toHaveLength(3)
  variant = withPrice(variant, list, 1, null)
  expect(basePrice(variant, list)).toBeNull()
  expect(variant.prices).toContainEqual(other)
})

test('a form gives back what it was given, or saving would wipe what nobody touched', () => {
  const variant = {
    ...emptyVariant({ Size: 'S' }, 'MUG-S'),
    id: '7',
    barcode: '4006381333931',
    weight_g: 320,
    quantity_max: 9,
    cost: 410,
  }
  const stock = { on_hand: 3 }
  const given = { ...emptyDraft(), slug: 'mug', title: { en: 'Mug' }, attributes: { Clay: 'stone' } }
  const draft = draftOf({ ...given, variants: [{ ...variant, stock }] } as unknown as Product)
  expect(draft).toEqual({ ...given, variants: [variant] })
})
