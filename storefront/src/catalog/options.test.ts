import { expect, test } from 'vitest'
import type { Availability, Variant } from '../api/shapes'
import { firstPick, missing, ruleOf, stateOf, unitPrice, variantOf, within } from './options'

const variant = (
  options: Record<string, string>,
  availability: Availability = 'in_stock',
  more: Partial<Variant> = {}
): Variant => ({
  id: Object.values(options).join('-'),
  sku: 's',
  options,
  price: { amount: 1000, currency: 'EUR' },
  availability,
  quantity_min: 1,
  quantity_step: 1,
  fulfilment_types: ['ship'],
  tiers: [],
  ...more
})
const shirt = {
  options: [
    { name: 'Size', values: ['S', 'M'] },
    { name: 'Colour', values: ['red', 'blue'] }
  ],
  variants: [
    variant({ Size: 'S', Colour: 'red' }),
    variant({ Size: 'M', Colour: 'red' }, 'out'),
    variant({ Size: 'M', Colour: 'blue' })
  ]
}

test('a variant is found only when every option is picked', () => {
  expect(variantOf(shirt, { Size: 'S' })).toBeUndefined()
  expect(missing(shirt, { Size: 'S' })).toEqual(['Colour'])
  expect(variantOf(shirt, { Size: 'M', Colour: 'blue' })?.id).toBe('M-blue')
  expect(variantOf(shirt, { Size: 'S', Colour: 'blue' })).toBeUndefined()
})

test.each([
  [{ Size: 'S' }, 'Colour', 'blue', 'none'],
  [{ Size: 'M' }, 'Colour', 'red', 'out'],
  [{ Size: 'M' }, 'Colour', 'blue', 'ok'],
  [{}, 'Size', 'M', 'ok'],
  [{ Size: 'S', Colour: 'red' }, 'Size', 'M', 'out']
] as const)('with %j, %s %s is %s', (picked, option, value, want) => {
  expect(stateOf(shirt, picked as Record<string, string>, option, value)).toBe(want)
})

test('what leaves no choice is picked at once', () => {
  expect(firstPick(shirt)).toEqual({ Size: '', Colour: '' })
  expect(firstPick({ options: [{ name: 'Size', values: ['one'] }], variants: shirt.variants })).toEqual({ Size: 'one' })
  expect(firstPick({ options: shirt.options, variants: shirt.variants.slice(0, 1) })).toEqual({
    Size: 'S',
    Colour: 'red'
  })
  expect(variantOf({ options: [], variants: [variant({})] }, {})?.id).toBe('')
})

test.each([
  [
    { quantity_min: 1, quantity_step: 1 },
    { min: 1, max: undefined, step: 1 }
  ],
  [
    { quantity_min: 6, quantity_step: 6, left: 20 },
    { min: 6, max: 18, step: 6 }
  ],
  [
    { quantity_min: 2, quantity_step: 1, quantity_max: 5, left: 9 },
    { min: 2, max: 5, step: 1 }
  ],
  [
    { quantity_min: 2, quantity_step: 1, quantity_max: 5, left: 3 },
    { min: 2, max: 3, step: 1 }
  ],
  [
    { quantity_min: 6, quantity_step: 6, left: 4 },
    { min: 6, max: 0, step: 6 }
  ],
  [
    { quantity_min: 1, quantity_step: 1, availability: 'out' as const },
    { min: 1, max: 0, step: 1 }
  ],
  [
    { quantity_min: 0, quantity_step: 0 },
    { min: 1, max: undefined, step: 1 }
  ]
])('ruleOf(%j)', (given, want) => {
  expect(ruleOf(variant({}, 'in_stock', given))).toEqual(want)
})

test.each([
  [0, undefined, 2],
  [24, undefined, 24], // how many are left is not told while there are plenty
  [24, 6, 6],
  [4, 6, 4],
  [24, 0, 2]
])('%i wished for, %j at the most: %i', (wish, max, want) => {
  expect(within({ min: 2, max, step: 1 }, wish)).toBe(want)
})

test.each([
  [1, 1000],
  [9, 1000],
  [10, 900],
  [99, 900],
  [100, 750]
])('%i pieces cost %i each', (quantity, want) => {
  const tiers = [
    { min_quantity: 100, amount: 750 },
    { min_quantity: 10, amount: 900 }
  ]
  expect(unitPrice(variant({}, 'in_stock', { tiers }), quantity)).toBe(want)
})
