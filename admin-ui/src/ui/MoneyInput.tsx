import { TextInput, type TextInputProps } from '@mantine/core'
import { useState } from 'react'
import { useSay } from '../i18n'
import { moneyInput, parseMoney } from './format'
import { uiWords } from './words'

type Props = Omit<TextInputProps, 'value' | 'onChange' | 'defaultValue'> & {
  currency: string
  value?: number | null
  onChange: (minor: number | null) => void
}

/** An amount of one currency as text; gives minor units. Not a number spinner: those round, and lose "12.30". */
export function MoneyInput({ currency, value = null, onChange, error, ...rest }: Props) {
  const say = useSay(uiWords)
  const [typed, setTyped] = useState(moneyInput(value, currency))
  const [given, setGiven] = useState(value)
  if (value !== given) {
    setGiven(value)
    if (value !== parse(typed, currency)) setTyped(moneyInput(value, currency))
  }
  const bad = typed.trim() !== '' && parseMoney(typed, currency) === undefined
  return (
    <TextInput
      inputMode="decimal"
      leftSection={<span aria-hidden>{symbol(currency)}</span>}
      leftSectionWidth={symbol(currency).length > 1 ? 44 : 30}
      autoComplete="off"
      {...rest}
      className={rest.className ?? 'tabular'}
      value={typed}
      onChange={e => {
        setTyped(e.currentTarget.value)
        const minor = parse(e.currentTarget.value, currency)
        setGiven(minor)
        onChange(minor)
      }}
      error={error ?? (bad ? say('amount.invalid', { example: moneyInput(1250, currency) }) : undefined)}
    />
  )
}

function parse(typed: string, currency: string) {
  return parseMoney(typed, currency) ?? null
}

function symbol(currency: string) {
  const parts = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
  }).formatToParts(0)
  return parts.find(part => part.type === 'currency')?.value ?? currency
}
