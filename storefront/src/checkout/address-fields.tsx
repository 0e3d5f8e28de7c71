import { useMemo } from 'react'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { Field, Select } from '../ui/field'
import { countries } from './countries'
import type { Form } from './form'
import { checkoutText } from './messages'

export type AddressForm = Pick<Form, 'line1' | 'line2' | 'city' | 'region' | 'postal_code' | 'country'>

type Props = {
  /** prefix of the API's field names, such as "shipping_address." */
  prefix: string
  form: AddressForm
  error: (name: string) => string | undefined
  onChange: (change: Partial<AddressForm>) => void
}

export function AddressFields({ prefix, form, error, onChange }: Props) {
  const t = useText(checkoutText)
  const { config, locale } = useShop()
  const list = useMemo(() => countries(locale, config.tenant.country), [locale, config.tenant.country])
  const field = (name: keyof AddressForm, api: string) => ({
    name: prefix + api,
    value: form[name],
    error: error(prefix + api),
    onChange: (e: { currentTarget: { value: string } }) => onChange({ [name]: e.currentTarget.value })
  })
  return (
    <>
      <Select {...field('country', 'country')} label={t.country} required autoComplete="country">
        {list.map(c => (
          <option key={c.code} value={c.code}>
            {c.name}
          </option>
        ))}
      </Select>
      <Field {...field('line1', 'lines.0')} label={t.line1} required autoComplete="address-line1" />
      <Field {...field('line2', 'lines.1')} label={t.line2} autoComplete="address-line2" />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field {...field('postal_code', 'postal_code')} label={t.postal} autoComplete="postal-code" />
        <Field {...field('city', 'city')} label={t.city} required autoComplete="address-level2" />
      </div>
      <Field {...field('region', 'region')} label={t.region} autoComplete="address-level1" />
    </>
  )
}
