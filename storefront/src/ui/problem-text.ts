import { Problem } from '../api/problem'
import { i18n } from '../i18n/locale'
import { useText } from '../i18n/use-text'

/** What the server, which speaks to programs and staff too, would say in words that are no customer's. All else is its own sentence, in the customer's language. */
export const problemText = i18n('problem', {
  'order.busy': 'Very many orders at this moment. Press again in a second; nothing is ordered twice.',
  'order.outcome_unknown': 'We do not know yet whether the order arrived. Press again; nothing is ordered twice.',
  'plan.orders_month': 'This shop cannot take more orders this month. Please write to the shop.',
  'cart.not_ready': 'The cart cannot be ordered like this. Please look at your cart.',
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
