import type { PaymentMethod } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { Icon } from '../ui/icon'
import { checkoutText } from './messages'

const icons = { redirect: 'card', qr: 'qr', manual: 'cash' } as const

type Props = { methods: PaymentMethod[]; value: string; error?: string | undefined; onChange: (id: string) => void }

/** Methods is the choice of how to pay, as the shop's payment plugins offer it. */
export function Methods({ methods, value, error, onChange }: Props) {
  const t = useText(checkoutText)
  const { words } = useShop()
  const hints = { redirect: t.redirect, qr: t.qr, manual: t.manual }
  return (
    <div className="flex flex-col gap-2">
      {methods.map((m, i) => (
        <label key={m.id} className="choice">
          <input
            type="radio"
            name="payment_method"
            id={i === 0 ? 'field-payment_method' : undefined}
            value={m.id}
            checked={m.id === value}
            aria-invalid={error ? true : undefined}
            aria-describedby={error ? 'payment-error' : undefined}
            onChange={() => onChange(m.id)}
          />
          <Icon name={icons[m.kind] ?? 'wallet'} className="size-6" />
          <span className="min-w-0">
            <span className="block font-medium">{words(m.label)}</span>
            <span className="block text-sm text-soft">{m.id === 'manual' ? t.transfer : hints[m.kind]}</span>
          </span>
        </label>
      ))}
      {error && (
        <p id="payment-error" className="flex items-start gap-1 text-sm font-medium text-bad">
          <Icon name="alert" className="mt-0.5 size-4" /> {error}
        </p>
      )}
    </div>
  )
}
