import { useEffect, useRef } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { answer, api } from '../api/client'
import { queries } from '../api/queries'
import { useText } from '../i18n/use-text'
import { orderHeaders, orderKey } from '../orders/order-query'
import { Empty } from '../ui/notice'
import { Page } from '../ui/page'
import { payText } from './messages'
import { returned } from './pending'

/** Return is where the provider sends the browser back: the server asks the provider, and the order page shows the truth. */
export default function Return() {
  const t = useText(payText)
  const [search] = useSearchParams()
  const [, go] = useLocation()
  const { payment, order } = returned(search)
  const asked = useRef(false)

  useEffect(() => {
    if (!payment || !order || asked.current) return
    asked.current = true
    const asking = answer(
      api.POST('/api/v1/storefront/payments/{id}/return', {
        params: { path: { id: payment } },
        headers: orderHeaders(order)
      })
    )
    // A refusal changes nothing: the notification by the provider may still come, and the order page waits for it.
    void asking
      .catch(() => {})
      .then(() => {
        void queries.invalidateQueries({ queryKey: orderKey(order) })
        go(`/o/${order}`, { replace: true })
      })
  }, [payment, order, go])

  if (!payment || !order) {
    return (
      <Page title={t.lostTitle} hideTitle>
        <Empty icon="search" title={t.lostTitle}>
          <p className="text-soft">{t.lostText}</p>
          <Link href="/orders" className="btn btn-main">
            {t.findOrder}
          </Link>
        </Empty>
      </Page>
    )
  }
  return (
    <Page title={t.returning} narrow>
      <div className="skeleton h-40" aria-hidden="true" />
    </Page>
  )
}
