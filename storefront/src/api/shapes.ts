import type { components } from './schema'

// The storefront's words for the server's shapes. All but Text and Fulfilment come from the OpenAPI document.
type Schemas = components['schemas']

/** Text is words by language. */
export type Text = Record<string, string>
export type Fulfilment = 'ship' | 'pickup' | 'digital'

export type Address = Schemas['OrdersAddress']
export type SavedAddress = Schemas['CustomersAddress']
export type PaymentMethod = Schemas['PaymentMethod']
/** Config is what the shop has decided about itself. The document leaves a location's address open. */
export type Config = Omit<Schemas['Shop'], 'locations'> & {
  locations: (Omit<Schemas['Location'], 'address'> & { address?: unknown })[]
}

export type Category = Schemas['Category']
export type ProductCard = Schemas['Card']
export type Product = Schemas['Shown']
export type Variant = Schemas['ShownVariant']
export type Image = Schemas['Media']
export type Availability = Variant['availability']

export type Cart = Schemas['Cart']
export type CartLine = Schemas['CartLine']
export type CartChange = Schemas['ContactInput']

export type Order = Schemas['PublicOrder']
export type OrderSummary = Schemas['PublicSummary']
export type Payment = Schemas['PaymentView']
export type NextAction = Schemas['NextAction']
export type Customer = Schemas['CustomersMe']
