import { useText } from '../i18n/use-text'
import type { IconName } from '../ui/icon'
import { useShop } from './config'
import { shopText } from './messages'

/** useWays names how goods reach the customer, in the words of the shop's trade: one does not pick up a room. */
export function useWays(): (way: string) => { icon: IconName; name: string; hint: string } {
  const t = useText(shopText)
  const { config } = useShop()
  const stay = config.tenant.industry === 'hospitality'
  const words: Record<string, { icon: IconName; name: string; hint: string }> = {
    ship: { icon: 'truck', name: t.shipping, hint: t.shippingHint },
    pickup: stay
      ? { icon: 'store', name: t.stay, hint: t.stayHint }
      : { icon: 'store', name: t.pickup, hint: t.pickupHint },
    digital: { icon: 'file', name: t.digital, hint: t.digitalHint }
  }
  return way => words[way] ?? { icon: 'bag', name: way, hint: '' }
}
