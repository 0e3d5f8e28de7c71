import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '../api/client'
import { useText } from '../i18n/use-text'
import { forgetOrders } from '../orders/keep'
import { announce } from '../ui/announce'
import { Dialog } from '../ui/dialog'
import { Field } from '../ui/field'
import { Failure } from '../ui/notice'
import { useForm } from '../ui/use-form'
import { accountText } from './messages'
import { meQuery } from './queries'

/** Erase asks the shop to forget the customer. The password proves that it is the customer who asks. */
export function Erase() {
  const t = useText(accountText)
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const [password, setPassword] = useState('')
  const form = useForm(['password'])
  const check = () => (password ? [] : [{ name: 'password', message: t.needPassword }])
  async function send() {
    await answer(api.POST('/api/v1/storefront/me/erase', { body: { password } }))
    forgetOrders()
    announce(t.erased)
    queries.setQueryData(meQuery.queryKey, null)
    void queries.invalidateQueries()
  }
  return (
    <section className="flex flex-col items-start gap-2">
      <h2 className="text-lg font-bold">{t.privacy}</h2>
      <p className="text-soft">{t.eraseText}</p>
      <button type="button" className="btn text-bad" onClick={() => setAsking(true)}>
        {t.erase}
      </button>
      {asking && (
        <Dialog title={t.eraseTitle} onClose={() => setAsking(false)}>
          <form noValidate className="flex flex-col gap-4 p-6" onSubmit={e => void form.submit(e, check, send)}>
            <h2 className="pr-10 text-xl font-bold">{t.eraseTitle}</h2>
            <p>{t.eraseText}</p>
            {form.failure !== undefined && <Failure error={form.failure} />}
            <Field
              name="password"
              type="password"
              label={t.password}
              required
              autoComplete="current-password"
              value={password}
              error={form.of('password')}
              onChange={e => setPassword(e.currentTarget.value)}
            />
            <div className="flex flex-wrap gap-3">
              <button type="button" className="btn flex-1" onClick={() => setAsking(false)}>
                {t.eraseNo}
              </button>
              <button type="submit" className="btn flex-1 border-bad text-bad" disabled={form.busy}>
                {t.eraseYes}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </section>
  )
}
