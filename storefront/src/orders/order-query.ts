import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { answer, api } from '../api/client'
import type { Order } from '../api/shapes'
import { type LiveState, listen } from '../live/live'
import { tokenOf } from './keep'

export const orderKey = (id: string) => ['order', id]

/** orderHeaders show the server the signed link of a guest; an account's session needs none. */
export const orderHeaders = (id: string): Record<string, string> => {
  const token = tokenOf(id)
  return token ? { Authorization: `Order ${token}` } : {}
}

const types = [
  'order.placed',
  'order.paid',
  'order.payment_changed',
  'order.cancelled',
  'order.expired',
  'order.completed',
  'order.fulfilment_changed',
  'order.refunded',
  'payment.succeeded',
  'payment.failed',
  'payment.pending',
  'payment.refunded'
]

export const unsettled = (order: Order | undefined): boolean =>
  !!order &&
  ['draft', 'awaiting_confirmation', 'placed'].includes(order.status) &&
  ['unpaid', 'pending', 'failed'].includes(order.payment_status)

/** useOrder reads an order and keeps it true: the stream says when to read again; while it is silent, a timer does. */
export function useOrder(id: string) {
  const queries = useQueryClient()
  const [live, setLive] = useState<LiveState>('connecting')
  const query = useQuery({
    queryKey: orderKey(id),
    queryFn: () =>
      answer(api.GET('/api/v1/storefront/orders/{id}', { params: { path: { id } }, headers: orderHeaders(id) })),
    staleTime: 0,
    refetchInterval: q => {
      const waiting = unsettled(q.state.data)
      if (live === 'live') return waiting ? 20_000 : false
      return waiting ? 4000 : 15_000
    }
  })
  const known = query.isSuccess

  useEffect(() => {
    if (!known) return
    const token = tokenOf(id)
    const url = `/api/v1/storefront/events?order=${encodeURIComponent(id)}${token ? `&token=${encodeURIComponent(token)}` : ''}`
    const read = () => void queries.invalidateQueries({ queryKey: orderKey(id) })
    return listen(url, types, { event: read, resync: read, state: setLive })
  }, [id, known, queries])

  return { ...query, live }
}
