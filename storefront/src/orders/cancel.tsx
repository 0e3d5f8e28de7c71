import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '../api/client'
import type { Order } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { Dialog } from '../ui/dialog'
import { Failure } from '../ui/notice'
import { orderText } from './messages'
import { orderHeaders, orderKey } from './order-query'

/** CancelOrder asks once, says what happens to the goods and the money, and shows the server's answer. */
export function CancelOrder({ order, refund }: { order: Order; refund: boolean }) {
  const t = useText(orderText)
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const cancel = useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/v1/storefront/orders/{id}/cancel', {
          params: { path: { id: order.id } },
          headers: orderHeaders(order.id)
        })
      ),
    onSuccess: () => setAsking(false),
    onSettled: () => queries.invalidateQueries({ queryKey: orderKey(order.id) })
  })
  return (
    <>
      <button type="button" className="btn text-bad" onClick={() => setAsking(true)}>
        {t.cancel}
      </button>
      {asking && (
        <Dialog title={t.cancelTitle} onClose={() => setAsking(false)}>
          <div className="flex flex-col gap-4 p-6">
            <h2 className="pr-10 text-xl font-bold">{t.cancelTitle}</h2>
            {refund && <p>{t.cancelText}</p>}
            {cancel.isError && <Failure error={cancel.error} />}
            <div className="flex flex-wrap gap-3">
              <button type="button" className="btn flex-1" onClick={() => setAsking(false)}>
                {t.cancelNo}
              </button>
              <button
                type="button"
                className="btn flex-1 border-bad text-bad"
                disabled={cancel.isPending}
                onClick={() => cancel.mutate()}
              >
                {cancel.isPending ? t.cancelling : t.cancelYes}
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  )
}
