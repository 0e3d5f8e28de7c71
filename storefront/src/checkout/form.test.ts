import { expect, test } from 'vitest'
import type { Cart, Config, Customer } from '../api/shapes'
import { changeOf, type Form, lacks, pricingOf, startForm } from './form'

const config = {
  tenant: { country: 'GB' },
  fulfilment_types: ['ship', 'pickup'],
  locations: [{ id: 'l1', name: 'Main' }],
  payment_methods: [{ id: 'p/qr', label: 'QR', kind: 'qr' }]
} as unknown as Config
const filled: Form = {
  ...startForm(config, undefined),
  email: ' mei@example.com ',
  name: 'Mei',
  line1: '1 High Street',
  line2: ' ',
  city: 'Leeds'
}

test('a fresh form takes the only choices there are', () => {
  const form = startForm(config, undefined)
  expect([form.country, form.location_id, form.payment_method, form.fulfilment_type]).toEqual([
    'GB',
    'l1',
    'p/qr',
    'ship'
  ])
})

test('the cart knows better than the account', () => {
  const cart = { email: 'cart@example.com', fulfilment_type: 'pickup' } as Cart
  const form = startForm(config, cart, { email: 'me@example.com', name: 'Me' } as Customer)
  expect([form.email, form.name, form.fulfilment_type]).toEqual(['cart@example.com', 'Me', 'pickup'])
})

test('half an address is not sent for pricing, a whole one is', () => {
  expect(pricingOf({ ...filled, city: '' })).toEqual({ fulfilment_type: 'ship' })
  expect(pricingOf(filled).shipping_address?.city).toBe('Leeds')
  expect(pricingOf({ ...filled, fulfilment_type: 'pickup' })).toEqual({ fulfilment_type: 'pickup', location_id: 'l1' })
})

test('what is sent is trimmed, and empty parts are left out', () => {
  expect(changeOf(filled)).toMatchObject({
    email: 'mei@example.com',
    shipping_address: { name: 'Mei', lines: ['1 High Street'], city: 'Leeds', country: 'GB' }
  })
  expect(changeOf(filled).shipping_address).not.toHaveProperty('region')
  expect(changeOf({ ...filled, fulfilment_type: 'pickup' })).not.toHaveProperty('shipping_address')
})

test.each<[Partial<Form>, string[]]>([
  [{}, []],
  [{ email: '' }, ['email']],
  [{ email: 'mei@' }, ['emailShape']],
  [{ name: ' ' }, ['name']],
  [{ phone: 'call me' }, ['phoneShape']],
  [{ phone: '+44 (0)20 7946-0000' }, []],
  [{ line1: '', city: '' }, ['line1', 'city']],
  [{ line1: '', city: '', fulfilment_type: 'pickup' }, []],
  [{ payment_method: '' }, ['payment_method']]
])('lacks(%j) = %j', (change, want) => {
  expect(lacks({ ...filled, ...change }, config).map(([, lack]) => lack)).toEqual(want)
})
