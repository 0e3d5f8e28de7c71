import { count, params } from '@nanostores/i18n'
import { i18n } from '../i18n/locale'

export const cartText = i18n('cart', {
  title: 'Your cart',
  emptyTitle: 'Your cart is empty',
  emptyText: 'Things you add stay here, also when you close this page.',
  toShop: 'Look around',
  toCheckout: 'Go to checkout',
  view: count({ one: 'View cart · {count} item', many: 'View cart · {count} items' }),
  remove: params('Remove {name}'),
  removed: params('{name} was removed.'),
  each: params('{price} each'),
  subtotal: 'Items',
  shipping: 'Delivery',
  free: 'free',
  sent: params('{price} if we send it'),
  sentFreeFrom: params('{price} if we send it, free from {from}'),
  discount: 'Discount',
  tax: 'Tax',
  taxIncluded: params('includes {tax} tax'),
  total: 'Total',
  updating: 'Updating…',
  priceChanged: params('The price changed from {from} to {to} since you added it.'),
  soldOut: 'Sold out. Remove it to go on.',
  onlyLeft: params('Only {left} left. Lower the quantity to go on.'),
  mend: 'Some items need your attention before you can order.',
  offline: 'You are offline. Ordering needs a connection.',
  saved: 'Prices and stock are checked again when you order.'
})
