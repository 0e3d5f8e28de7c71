const place = 'allhours.payment'

export type Pending = { payment: string; order: string }

/** rememberPayment notes what is being paid before the browser leaves for the provider; wallets may come back in another tab. */
export const rememberPayment = (pending: Pending): void => localStorage.setItem(place, JSON.stringify(pending))

/** returned tells which payment the browser comes back from: what the provider's link says, else what was noted. */
export function returned(search: URLSearchParams): Partial<Pending> {
  const [payment, order] = [search.get('payment'), search.get('order')]
  let noted: Partial<Pending> = {}
  try {
    noted = JSON.parse(localStorage.getItem(place) ?? '{}') ?? {}
  } catch {}
  if (payment && order) return { payment, order }
  if (payment) return payment === noted.payment ? noted : { payment }
  return noted
}
