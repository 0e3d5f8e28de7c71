import type { Address, Cart, CartChange, Config, Customer, Fulfilment, SavedAddress } from '../api/shapes'

/** Form is what the customer types; names are those of the API, so that the server's field errors find their place. */
export type Form = {
  email: string
  name: string
  phone: string
  fulfilment_type: Fulfilment
  location_id: string
  line1: string
  line2: string
  city: string
  region: string
  postal_code: string
  country: string
  note: string
  payment_method: string
}

/** fieldOf says under which name the API speaks of a field of the form. */
export const fieldOf: Record<keyof Form, string> = {
  email: 'email',
  name: 'name',
  phone: 'phone',
  fulfilment_type: 'fulfilment_type',
  location_id: 'location_id',
  line1: 'shipping_address.lines.0',
  line2: 'shipping_address.lines.1',
  city: 'shipping_address.city',
  region: 'shipping_address.region',
  postal_code: 'shipping_address.postal_code',
  country: 'shipping_address.country',
  note: 'note',
  payment_method: 'payment_method'
}

/** waysOf are the ways to the customer that this storefront knows. */
export const waysOf = (config: Config): Fulfilment[] =>
  (['ship', 'pickup', 'digital'] as const).filter(f => config.fulfilment_types.includes(f))

/** startForm fills in what is known: the cart first, then the account, then the shop. */
export function startForm(config: Config, cart: Cart | undefined, me?: Customer | null, address?: SavedAddress): Form {
  const to: Partial<Address> = cart?.shipping_address?.lines?.length ? cart.shipping_address : (address ?? {})
  const offered = waysOf(config)
  const wish = offered.find(f => f === cart?.fulfilment_type)
  return {
    email: cart?.email || me?.email || '',
    name: cart?.name || me?.name || '',
    phone: cart?.phone || me?.phone || '',
    fulfilment_type: wish ?? offered[0] ?? 'ship',
    location_id: cart?.location_id || (config.locations.length === 1 ? (config.locations[0]?.id ?? '') : ''),
    line1: to.lines?.[0] ?? '',
    line2: to.lines?.[1] ?? '',
    city: to.city ?? '',
    region: to.region ?? '',
    postal_code: to.postal_code ?? '',
    country: to.country || config.tenant.country,
    note: cart?.note ?? '',
    payment_method: config.payment_methods.length === 1 ? (config.payment_methods[0]?.id ?? '') : ''
  }
}

/** pricingOf is the part that may change the price; an address only once it is whole, for half of one is refused. */
export function pricingOf(form: Form): CartChange {
  const { fulfilment_type, location_id, shipping_address } = changeOf(form)
  const whole = shipping_address?.name && shipping_address.lines.length && shipping_address.city
  return { fulfilment_type, ...(location_id ? { location_id } : {}), ...(whole ? { shipping_address } : {}) }
}

/** changeOf is what the server is told; an address only when something is sent there. */
export function changeOf(form: Form): CartChange {
  return {
    email: form.email.trim(),
    name: form.name.trim(),
    phone: form.phone.trim(),
    note: form.note.trim(),
    fulfilment_type: form.fulfilment_type,
    ...(form.fulfilment_type === 'pickup' && form.location_id ? { location_id: form.location_id } : {}),
    ...(form.fulfilment_type === 'ship' ? { shipping_address: addressOf(form) } : {})
  }
}

function addressOf(form: Form): Address {
  return {
    name: form.name.trim(),
    lines: [form.line1, form.line2].map(l => l.trim()).filter(Boolean),
    city: form.city.trim(),
    ...(form.region.trim() ? { region: form.region.trim() } : {}),
    ...(form.postal_code.trim() ? { postal_code: form.postal_code.trim() } : {}),
    country: form.country,
    ...(form.phone.trim() ? { phone: form.phone.trim() } : {})
  }
}

/** aliases are other names the server uses for fields of the form. */
export const aliases: Record<string, string> = {
  'shipping_address.lines': fieldOf.line1,
  'shipping_address.name': fieldOf.name,
  'shipping_address.phone': fieldOf.phone,
  shipping_address: fieldOf.line1
}

// The server's own rule for phone numbers.
const phoneShape = /^\+?[0-9][0-9 ()./-]{3,38}$/

export type Lack =
  | 'email'
  | 'emailShape'
  | 'phoneShape'
  | 'name'
  | 'line1'
  | 'city'
  | 'country'
  | 'location_id'
  | 'payment_method'

/** lacks finds what is plainly missing before the server is asked; the server is the judge of all else. */
export function lacks(form: Form, config: Config): [keyof Form, Lack][] {
  const found: [keyof Form, Lack][] = []
  const need = (field: keyof Form & Lack) => form[field].trim() || found.push([field, field])
  if (!form.email.trim()) found.push(['email', 'email'])
  else if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(form.email.trim())) found.push(['email', 'emailShape'])
  need('name')
  if (form.phone.trim() && !phoneShape.test(form.phone.trim())) found.push(['phone', 'phoneShape'])
  if (form.fulfilment_type === 'ship') {
    need('line1')
    need('city')
    need('country')
  }
  if (form.fulfilment_type === 'pickup' && config.locations.length > 1) need('location_id')
  need('payment_method')
  return found
}
