import { useEffect, useRef, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { answer, api } from '../api/client'
import { useText } from '../i18n/use-text'
import { ErrorSummary, Field } from '../ui/field'
import { Failure, Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { useForm } from '../ui/use-form'
import { accountText } from './messages'

/** Forgot has a link mailed; it never tells whether there is such an account. */
export function Forgot() {
  const t = useText(accountText)
  const [email, setEmail] = useState('')
  const [sent, setSent] = useState(false)
  const form = useForm(['email'])
  const check = () => (email.includes('@') ? [] : [{ name: 'email', message: t.needEmail }])
  async function send() {
    await answer(api.POST('/api/v1/storefront/password/forgot', { body: { email: email.trim() } }))
    setSent(true)
  }
  return (
    <Page title={t.forgot} narrow>
      {sent ? (
        <Notice tone="good" title={t.sentTitle} live>
          {t.sentText}
        </Notice>
      ) : (
        <form
          noValidate
          className="card flex flex-col gap-4 p-5 sm:p-6"
          onSubmit={e => void form.submit(e, check, send)}
        >
          <p>{t.forgotText}</p>
          {form.errors.length > 0 && <ErrorSummary title={t.mend} errors={form.errors} turn={form.turn} />}
          {form.failure !== undefined && <Failure error={form.failure} />}
          <Field
            name="email"
            type="email"
            label={t.email}
            required
            autoComplete="username"
            value={email}
            error={form.of('email')}
            onChange={e => setEmail(e.currentTarget.value)}
          />
          <button type="submit" className="btn btn-main btn-big" disabled={form.busy}>
            {t.forgotSend}
          </button>
        </form>
      )}
    </Page>
  )
}

/** Reset sets a new password by the token of the mail. */
export function Reset() {
  const t = useText(accountText)
  const [search] = useSearchParams()
  const [password, setPassword] = useState('')
  const [done, setDone] = useState(false)
  const form = useForm(['password'])
  const check = () => (password.length >= 10 ? [] : [{ name: 'password', message: t.shortPassword }])
  async function send() {
    await answer(
      api.POST('/api/v1/storefront/password/reset', { body: { token: search.get('token') ?? '', password } })
    )
    setDone(true)
  }
  return (
    <Page title={t.resetTitle} narrow>
      {done ? (
        <Notice tone="good" title={t.resetDone} live>
          <Link href="/account" className="btn mt-2">
            {t.signIn}
          </Link>
        </Notice>
      ) : (
        <form
          noValidate
          className="card flex flex-col gap-4 p-5 sm:p-6"
          onSubmit={e => void form.submit(e, check, send)}
        >
          {form.errors.length > 0 && <ErrorSummary title={t.mend} errors={form.errors} turn={form.turn} />}
          {form.failure !== undefined && <Failure error={form.failure} />}
          <Field
            name="password"
            type="password"
            label={t.newPassword}
            hint={t.passwordHint}
            required
            autoComplete="new-password"
            value={password}
            error={form.of('password')}
            onChange={e => setPassword(e.currentTarget.value)}
          />
          <button type="submit" className="btn btn-main btn-big" disabled={form.busy}>
            {t.save}
          </button>
        </form>
      )}
    </Page>
  )
}

/** Confirm proves an e-mail address by the token of the mail, as soon as the link is opened. */
export function Confirm() {
  const t = useText(accountText)
  const [search] = useSearchParams()
  const [state, setState] = useState<'asking' | 'done' | { error: unknown }>('asking')
  const asked = useRef(false)
  useEffect(() => {
    if (asked.current) return
    asked.current = true
    answer(api.POST('/api/v1/storefront/email/confirm', { body: { token: search.get('token') ?? '' } })).then(
      () => setState('done'),
      error => setState({ error })
    )
  }, [search])
  return (
    <Page title={t.confirmTitle} narrow>
      {state === 'asking' && <div className="skeleton h-24" aria-hidden="true" />}
      {state === 'done' && (
        <Notice tone="good" title={t.confirmDone} live>
          <Link href="/account" className="btn mt-2">
            {t.title}
          </Link>
        </Notice>
      )}
      {typeof state === 'object' && <Failure error={state.error} />}
    </Page>
  )
}
