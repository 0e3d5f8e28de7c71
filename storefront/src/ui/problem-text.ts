import { Problem } from '../api/problem'
import { i18n } from '../i18n/locale'
import { useText } from '../i18n/use-text'

/** Codes of the server that customers meet; other codes fall back to the server's own sentence. */
export const problemText = i18n('problem', {
  'order.out_of_stock': 'Something in your cart has just sold out. Please look at your cart.',
  'order.total_changed': 'The total has changed. Please look at the new total before you order.',
  'order.not_cancellable': 'This order can no longer be cancelled here. Please write to the shop.',
  'cart.empty': 'Your cart is empty.',
  'cart.not_found': 'Your cart was kept too long and has been cleared.',
  'payment.declined': 'The payment was declined. Try again or choose another way to pay.',
  'payment.expired': 'The payment was not made in time.',
  'payment.unavailable': 'This way to pay is not available right now. Choose another one.',
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
    return t[error.code] ?? (error.status === 429 ? t['rate.limited'] : undefined) ?? (error.message || (t.other ?? ''))
  }
}
