import { useText } from '../i18n/use-text'
import { Icon } from './icon'
import { uiText } from './messages'

type Props = {
  name: string
  value: number
  min: number
  max?: number | undefined
  step?: number
  disabled?: boolean
  onChange: (value: number) => void
}

/** Stepper changes a quantity by buttons of 44 px. It never leaves [min, max] and always moves by whole steps. */
export function Stepper({ name, value, min, max, step = 1, disabled, onChange }: Props) {
  const t = useText(uiText)
  const less = value - step
  const more = value + step
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would add a legend to every row
    <div
      role="group"
      aria-label={`${t.quantity}: ${name}`}
      className="inline-flex items-center rounded-xl border border-edge"
    >
      <button
        type="button"
        className="grid size-11 place-items-center rounded-l-xl hover:bg-sunken disabled:opacity-40"
        aria-label={t.less({ name })}
        disabled={disabled || less < min}
        onClick={() => onChange(less)}
      >
        <Icon name="minus" />
      </button>
      <output className="min-w-8 text-center font-semibold tabular-nums" aria-live="polite">
        {value}
      </output>
      <button
        type="button"
        className="grid size-11 place-items-center rounded-r-xl hover:bg-sunken disabled:opacity-40"
        aria-label={t.more({ name })}
        disabled={disabled || (max !== undefined && more > max)}
        onClick={() => onChange(more)}
      >
        <Icon name="plus" />
      </button>
    </div>
  )
}
