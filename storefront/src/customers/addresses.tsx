import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '../api/client'
import type { SavedAddress } from '../api/shapes'
import { AddressFields, type AddressForm } from '../checkout/address-fields'
import { useText } from '../i18n/use-text'
import { addressLines, useShop } from '../shop/config'
import { Dialog } from '../ui/dialog'
import { ErrorSummary, Field } from '../ui/field'
import { Failure } from '../ui/notice'
import { useForm } from '../ui/use-form'
import { accountText } from './messages'
import { addressesQuery } from './queries'

const all = '/api/v1/storefront/me/addresses'
const one = '/api/v1/storefront/me/addresses/{id}'

export function Addresses() {
  const t = useText(accountText)
  const { locale } = useShop()
  const queries = useQueryClient()
  const addresses = useQuery(addressesQuery)
  const [editing, setEditing] = useState<SavedAddress | 'new'>()
  const remove = useMutation({
    mutationFn: (id: string) => answer(api.DELETE(one, { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: addressesQuery.queryKey })
  })
  return (
    <section>
      <h2 className="mb-2 text-lg font-bold">{t.addresses}</h2>
      {addresses.isPending && <div className="skeleton h-24" aria-hidden="true" />}
      {addresses.isError && <Failure error={addresses.error} retry={() => void addresses.refetch()} />}
      {remove.isError && <Failure error={remove.error} />}
      {addresses.data?.length === 0 && <p className="text-soft">{t.noAddresses}</p>}
      <ul className="grid gap-3 sm:grid-cols-2">
        {addresses.data?.map(a => (
          <li key={a.id} className="card flex flex-col gap-2 p-4">
            <address className="flex-1 not-italic">
              {addressLines(a, locale).map(l => (
                <span key={l} className="block">
                  {l}
                </span>
              ))}
              {a.is_default && <span className="badge mt-2 bg-good-bg text-good">{t.standard}</span>}
            </address>
            <div className="flex gap-2">
              <button
                type="button"
                className="btn"
                aria-label={t.edit({ name: a.lines?.[0] ?? a.name ?? '' })}
                onClick={() => setEditing(a)}
              >
                {t.change}
              </button>
              <button
                type="button"
                className="btn btn-plain"
                aria-label={t.remove({ name: a.lines?.[0] ?? a.name ?? '' })}
                disabled={remove.isPending}
                onClick={() => remove.mutate(a.id)}
              >
                {t.delete}
              </button>
            </div>
          </li>
        ))}
      </ul>
      <button type="button" className="btn mt-3" onClick={() => setEditing('new')}>
        {t.addAddress}
      </button>
      {editing && <Edit address={editing === 'new' ? undefined : editing} onClose={() => setEditing(undefined)} />}
    </section>
  )
}

// The fields of the dialog, by their names in the API: the profile on the page behind has a name of its own.
const inDialog = {
  name: 'address.name',
  'lines.0': 'address.lines.0',
  'lines.1': 'address.lines.1',
  city: 'address.city',
  region: 'address.region',
  postal_code: 'address.postal_code',
  country: 'address.country'
}

function Edit({ address, onClose }: { address: SavedAddress | undefined; onClose: () => void }) {
  const t = useText(accountText)
  const { config } = useShop()
  const queries = useQueryClient()
  const [name, setName] = useState(address?.name ?? '')
  const [fields, setFields] = useState<AddressForm>({
    line1: address?.lines?.[0] ?? '',
    line2: address?.lines?.[1] ?? '',
    city: address?.city ?? '',
    region: address?.region ?? '',
    postal_code: address?.postal_code ?? '',
    country: address?.country ?? config.tenant.country
  })
  const [isFirst, setFirst] = useState(address?.is_default ?? false)
  const form = useForm(Object.values(inDialog), { ...inDialog, lines: inDialog['lines.0'] })
  const check = () => [
    ...(name.trim() ? [] : [{ name: inDialog.name, message: t.needName }]),
    ...(fields.line1.trim() ? [] : [{ name: inDialog['lines.0'], message: t.needLine1 }]),
    ...(fields.city.trim() ? [] : [{ name: inDialog.city, message: t.needCity }])
  ]
  async function send() {
    const { line1, line2, ...rest } = fields
    const { company, phone, label } = address ?? {} // not asked for here, and kept
    const kept = { ...(company && { company }), ...(phone && { phone }), ...(label && { label }) }
    const body = {
      ...kept,
      is_default: isFirst,
      name: name.trim(),
      lines: [line1, line2].map(l => l.trim()).filter(Boolean),
      ...rest
    }
    await (address
      ? answer(api.PUT(one, { params: { path: { id: address.id } }, body }))
      : answer(api.POST(all, { body })))
    await queries.invalidateQueries({ queryKey: addressesQuery.queryKey })
    onClose()
  }
  const title = address ? t.editAddress : t.addAddress
  return (
    <Dialog title={title} onClose={onClose}>
      <form noValidate className="flex flex-col gap-4 p-6" onSubmit={e => void form.submit(e, check, send)}>
        <h2 className="pr-10 text-xl font-bold">{title}</h2>
        {form.errors.length > 0 && <ErrorSummary title={t.mend} errors={form.errors} turn={form.turn} />}
        {form.failure !== undefined && <Failure error={form.failure} />}
        <Field
          name={inDialog.name}
          label={t.name}
          required
          autoComplete="name"
          value={name}
          error={form.of(inDialog.name)}
          onChange={e => setName(e.currentTarget.value)}
        />
        <AddressFields
          prefix="address."
          form={fields}
          error={form.of}
          onChange={change => setFields({ ...fields, ...change })}
        />
        {!address?.is_default && (
          <label className="flex min-h-11 items-center gap-3">
            <input
              type="checkbox"
              className="size-5 shrink-0 accent-(--brand-text)"
              checked={isFirst}
              onChange={e => setFirst(e.currentTarget.checked)}
            />
            <span>{t.useFirst}</span>
          </label>
        )}
        <div className="flex flex-wrap gap-3">
          <button type="button" className="btn flex-1" onClick={onClose}>
            {t.cancel}
          </button>
          <button type="submit" className="btn btn-main flex-1" disabled={form.busy}>
            {form.busy ? t.saving : t.save}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
