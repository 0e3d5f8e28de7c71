import { Problem } from '../api/problem'
import { i18n } from '../i18n/locale'
import { useText } from '../i18n/use-text'

/** Codes of the server that customers meet; other codes fall back to the server's own sentence. */
export const problemText = i18n('problem', {
  'order.out_of_stock': 'Something in your cart has just sold out. Please look at your cart.',
  'order.total_changed': 'The total has changed. Please look at the new total before you order.',
  'order.not_allowed_now': 'This order has moved on, so this cannot be done here any more. Please write to the shop.',
  'order.busy': 'Very many orders at this moment. Press again in a second; nothing is ordered twice.',
  'order.outcome_unknown': 'We do not know yet whether the order arrived. Press again; nothing is ordered twice.',
  'plan.orders_month': 'This shop cannot take more orders this month. Please write to the shop.',
  'cart.not_ready': 'The cart cannot be ordered like this. Please look at your cart.',
  'cart.changed': 'The cart was changed meanwhile. Look at it again and order then.',
  'cart.completed': 'This cart has been ordered already.',
  'cart.not_found': 'Your cart was kept too long and has been cleared.',
  'payment.declined': 'The payment was declined. Try again or choose another way to pay.',
  'payment.expired': 'The payment was not made in time.',
  'payment.unavailable': 'This way to pay is not available right now. Choose another one.',
  'payment.paid': 'This order has been paid already.',
  'link.invalid': 'This link is not valid any more. Ask for a new one.',
  'customer.password_wrong': 'This is not your password.',
  'auth.invalid': 'This e-mail and password do not go together.',
  'customer.email_taken': 'There is already an account with this e-mail. Sign in instead.',
  'rate.limited': 'Too many attempts. Wait a moment and try again.',
  network: 'No answer from the shop. Check your connection and try again.',
  notFound: 'This was not found.',
  other: 'This did not work. Please try again in a moment.'
})

/** useProblemText turns any error into a sentence for the customer. */
export function useProblemText(): (error: unknown) => string {
  const t = useText(problemText) as Record<string, string>
  return error => {
    if (!(error instanceof Problem)) return t.other ?? ''
    const known = t[error.code] ?? (error.status === 429 ? t['rate.limited'] : undefined)
    return known ?? (error.status < 500 && error.message ? error.message : (t.other ?? ''))
  }
}
