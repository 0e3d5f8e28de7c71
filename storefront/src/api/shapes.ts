import type { Money } from '../money/money'

export type Text = string | Record<string, string>
export type Image = { url: string; width?: number; height?: number; alt?: Text | null }
export type Availability = 'in_stock' | 'low' | 'out'
export type Fulfilment = 'ship' | 'pickup' | 'digital'

export type PaymentMethod = { id: string; label: Text; kind: 'redirect' | 'qr' | 'manual' }

export type Config = {
  tenant: {
    slug: string
    name: string
    industry: string
    country: string
    currency: string
    time_zone: string
    language: string
    languages: string[]
    status: string
  }
  branding: { logo_url?: string | null; color?: string | null }
  fulfilment_types: Fulfilment[]
  locations: { id: string; name: string; address?: Address | null }[]
  payment_methods: PaymentMethod[]
  contact?: { email?: string; phone?: string; address?: string } | null
}

export type Category = { id: string; slug: string; title: Text; parent_id?: string | null }

export type ProductCard = {
  id: string
  slug: string
  title: Text
  description?: Text
  image?: string | null
  image_alt?: Text | null
  price: Money
  price_to?: Money | null
  from_price: boolean
  availability: Availability
  left?: number | null
  variant_id?: string | null
}

export type Variant = {
  id: string
  sku: string
  options: Record<string, string>
  price: Money
  tiers?: { min_quantity: number; amount: number }[] | null
  availability: Availability
  left?: number | null
  quantity_min: number
  quantity_max?: number | null
  quantity_step: number
  fulfilment_types: Fulfilment[]
}

export type Product = {
  id: string
  slug: string
  title: Text
  description: Text
  attributes?: Record<string, unknown> | null
  options: { name: string; values: string[] }[]
  media: Image[]
  variants: Variant[]
}

export type Page<T> = { items: T[]; next_cursor?: string | null }

export type Address = {
  name: string
  company?: string
  lines: string[]
  city: string
  region?: string
  postal_code?: string
  country: string
  phone?: string
}

export type CartLine = {
  id: string
  variant_id: string
  slug?: string
  sku: string
  title: Text
  options?: Record<string, string> | null
  image?: Image | string | null
  quantity: number
  unit_price: number
  total: number
  availability: Availability
  left?: number | null
  problem?: { code: string; message: string } | null
  price_changed_from?: number | null
}

export type Cart = {
  id: string
  status: 'open' | 'completed'
  currency: string
  lines: CartLine[]
  subtotal: number
  shipping_total: number
  tax_total: number
  discount_total: number
  total: number
  tax_included: boolean
  problems?: { code: string; message: string }[] | null
  email?: string
  phone?: string
  name?: string
  note?: string
  fulfilment_type?: Fulfilment | ''
  location_id?: string | null
  shipping_address?: Address | null
  version: number
}

export type NextAction = { type: 'redirect'; url: string } | { type: 'qr'; payload: string; expires_at?: string | null }

export type Payment = {
  id: string
  method?: string
  status: string
  amount?: number
  currency?: string
  next_action?: NextAction | null
  reason?: string
  expires_at?: string | null
}

export type OrderLine = {
  line: number
  variant_id?: string
  sku: string
  title: Text
  options?: Record<string, string> | null
  image?: Image | string | null
  quantity: number
  unit_price: number
  total: number
}

export type Order = {
  id: string
  number?: number | null
  status: string
  payment_status: string
  fulfilment_status: string
  fulfilment_type: Fulfilment
  on_hold?: boolean
  location_id?: string | null
  payment_method?: string
  currency: string
  email?: string
  name?: string
  phone?: string
  shipping_address?: Address | null
  note?: string
  subtotal: number
  discount_total: number
  shipping_total: number
  tax_total: number
  total: number
  paid_total: number
  refunded_total: number
  tax_included: boolean
  lines: OrderLine[]
  fulfilments?:
    | { type: string; status: string; carrier?: string; tracking_number?: string; tracking_url?: string }[]
    | null
  payments?: Payment[] | null
  timeline?: { kind: string; at: string; to?: string }[] | null
  allowed?: string[] | null
  expires_at?: string | null
  placed_at?: string | null
  created_at?: string | null
  version: number
}

/** OrderSummary is an order in a list. */
export type OrderSummary = Pick<
  Order,
  'id' | 'number' | 'status' | 'payment_status' | 'currency' | 'total' | 'placed_at' | 'created_at'
>

export type Customer = { id: string; email: string; name: string; phone?: string; language?: string }
export type SavedAddress = Address & { id: string; label?: string; is_default?: boolean }
