import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { answer, api } from '../api/client'
import { locale } from '../i18n/locale'
import { useText } from '../i18n/use-text'
import { ErrorSummary, Field } from '../ui/field'
import { Failure } from '../ui/notice'
import { useForm } from '../ui/use-form'
import { accountText } from './messages'

const shortest = 10

/** SignIn signs in or registers; both end with the session's cookie. */
export function SignIn() {
  const t = useText(accountText)
  const queries = useQueryClient()
  const [isNew, setNew] = useState(false)
  const [given, setGiven] = useState({ email: '', password: '', name: '', phone: '' })
  const [consent, setConsent] = useState(false)
  const form = useForm(Object.keys(given))
  const set = (name: keyof typeof given) => (e: { currentTarget: { value: string } }) =>
    setGiven({ ...given, [name]: e.currentTarget.value })

  const check = () => [
    ...(given.email.includes('@') ? [] : [{ name: 'email', message: t.needEmail }]),
    ...(given.password ? [] : [{ name: 'password', message: t.needPassword }]),
    ...(isNew && given.password && given.password.length < shortest
      ? [{ name: 'password', message: t.shortPassword }]
      : []),
    ...(isNew && !given.name.trim() ? [{ name: 'name', message: t.needName }] : [])
  ]
  async function send() {
    const email = given.email.trim()
    if (isNew) {
      const phone = given.phone.trim()
      await answer(
        api.POST('/api/v1/storefront/customers', {
          body: {
            email,
            password: given.password,
            name: given.name.trim(),
            ...(phone ? { phone } : {}),
            language: locale.get(),
            consents: { marketing_email: consent }
          }
        })
      )
    } else {
      await answer(api.POST('/api/v1/storefront/login', { body: { email, password: given.password } }))
    }
    await queries.invalidateQueries()
  }

  return (
    <div className="flex flex-col gap-5">
      <form noValidate className="card flex flex-col gap-4 p-5 sm:p-6" onSubmit={e => void form.submit(e, check, send)}>
        <h2 className="text-xl font-bold">{isNew ? t.register : t.signIn}</h2>
        <p className="text-soft">{t.why}</p>
        {form.errors.length > 0 && <ErrorSummary title={t.mend} errors={form.errors} turn={form.turn} />}
        {form.failure !== undefined && <Failure error={form.failure} />}
        {isNew && (
          <Field
            name="name"
            label={t.name}
            required
            autoComplete="name"
            value={given.name}
            error={form.of('name')}
            onChange={set('name')}
          />
        )}
        <Field
          name="email"
          type="email"
          label={t.email}
          required
          autoComplete="username"
          value={given.email}
          error={form.of('email')}
          onChange={set('email')}
        />
        <Field
          name="password"
          type="password"
          label={t.password}
          required
          {...(isNew ? { hint: t.passwordHint } : {})}
          autoComplete={isNew ? 'new-password' : 'current-password'}
          value={given.password}
          error={form.of('password')}
          onChange={set('password')}
        />
        {isNew && (
          <Field
            name="phone"
            type="tel"
            label={t.phone}
            autoComplete="tel"
            value={given.phone}
            error={form.of('phone')}
            onChange={set('phone')}
          />
        )}
        {isNew && (
          <label className="flex min-h-11 items-center gap-3">
            <input
              type="checkbox"
              className="size-5 shrink-0 accent-(--brand-text)"
              checked={consent}
              onChange={e => setConsent(e.currentTarget.checked)}
            />
            <span>{t.consent}</span>
          </label>
        )}
        <button type="submit" className="btn btn-main btn-big" disabled={form.busy}>
          {isNew ? (form.busy ? t.registering : t.register) : form.busy ? t.signingIn : t.signIn}
        </button>
        <p className="flex flex-wrap items-center gap-x-3">
          {!isNew && (
            <Link href="/account/forgot" className="link">
              {t.forgot}
            </Link>
          )}
          {isNew ? t.haveAccount : t.noAccount}
          <button type="button" className="link" onClick={() => setNew(!isNew)}>
            {isNew ? t.signIn : t.register}
          </button>
        </p>
      </form>
      <p className="flex flex-wrap items-center gap-x-3 px-1">
        {t.guestOrder}
        <Link href="/orders" className="link">
          {t.findOrder}
        </Link>
      </p>
    </div>
  )
}
