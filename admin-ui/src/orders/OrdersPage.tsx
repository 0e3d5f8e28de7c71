import { Button, Text } from '@mantine/core'
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs'
import IconPlus from '@tabler/icons-react/dist/esm/icons/IconPlus.mjs'
import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useMemo, useState } from 'react'
import type { Paged } from '../api/paging'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { useChanges } from '../live/Live'
import { A, ButtonLink } from '../ui/A'
import { dateTime, money, number, withTimes } from '../ui/format'
import { type Filter, List, wideOnly } from '../ui/List'
import { stringifySearch, useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import type { View } from '../ui/savedViews'
import { bulkFilter, countOrders, loadOrder, type OrderSummary, orderKeys, orderName, ordersQuery } from './api'
import { BulkActions } from './BulkActions'
import {
  FulfilmentStatus,
  fulfilmentStates,
  LifecycleStatus,
  lifecycleStates,
  PaymentStatus,
  paymentStates,
  statusText,
} from './Statuses'
import { orderWords } from './words'

export function OrdersPage() {
  const say = useSay(orderWords)
  const can = useCan()
  const state = useListState(orderKeys)
  const { time_zone } = useTenant()
  const options = ordersQuery(state.search, time_zone)
  const query = useInfiniteQuery(options)
  const filter = bulkFilter(state.search, time_zone)
  const fresh = useFreshOrders(query.data, options.queryKey)

  return (
    <Page
      title={say('title')}
      actions={
        <>
          <Button
            component="a"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            title={say('export.hint')}
            href={`/api/v1/orders/export.csv${stringifySearch({ ...withTimes(state.search, time_zone), limit: undefined })}`}
            download
          >
            {say('export')}
          </Button>
          {can('orders:write') && (
            <ButtonLink to="/orders/new" leftSection={<IconPlus size={16} aria-hidden />}>
              {say('new')}
            </ButtonLink>
          )}
        </>
      }
    >
      <List
        name="orders"
        state={state}
        query={query}
        columns={useColumns()}
        rowId={order => order.id}
        rowLabel={orderName}
        sortable
        views={useViews()}
        savable
        search={say('search')}
        filters={useFilters()}
        empty={{ title: say('empty.title'), text: say('empty.text') }}
        above={
          fresh.count > 0 && (
            <Button
              variant="light"
              radius="xl"
              size="xs"
              style={{ alignSelf: 'center' }}
              onClick={fresh.show}
              aria-live="polite"
            >
              {say('pill', { count: fresh.count })}
            </Button>
          )
        }
        bulk={
          can('orders:write')
            ? (orders, clear, count) => (
                <BulkActions chosen={count === undefined ? { orders } : { filter, count }} onDone={clear} />
              )
            : undefined
        }
        countAll={() => countOrders(filter)}
      />
    </Page>
  )
}

/** Rows are brought up to date where they stand; what is new is only counted until one asks for it. */
function useFreshOrders(data: InfiniteData<Paged<OrderSummary>> | undefined, queryKey: readonly unknown[]) {
  const client = useQueryClient()
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const shown = useMemo(() => new Set(data?.pages.flatMap(page => page.items.map(order => order.id))), [data])
  const unseen = [...fresh].filter(id => !shown.has(id)).length

  useChanges(change => {
    if (change.topic !== 'orders' || !change.id) return
    if (!shown.has(change.id)) {
      if (change.type === 'order.placed') setFresh(ids => new Set([...ids, change.id]))
      return
    }
    void loadOrder(change.id).then(order => {
      client.setQueryData<InfiniteData<Paged<OrderSummary>>>(
        queryKey,
        old => old && { ...old, pages: old.pages.map(page => withRow(page, order)) },
      )
    })
  })

  function show() {
    setFresh(new Set())
    void client.resetQueries({ queryKey })
  }
  return { count: unseen, show }
}

function withRow(page: Paged<OrderSummary>, order: OrderSummary): Paged<OrderSummary> {
  return { ...page, items: page.items.map(row => (row.id === order.id && row.version <= order.version ? order : row)) }
}

function useViews(): View[] {
  const say = useSay(orderWords)
  return [
    {
      id: 'unpaid',
      label: say('view.unpaid'),
      search: { status: 'draft,placed', payment_status: 'unpaid,pending,failed' },
    },
    { id: 'open', label: say('view.open'), search: { status: 'placed', fulfilment_status: 'unfulfilled' } },
    {
      id: 'underway',
      label: say('view.underway'),
      search: { status: 'placed', fulfilment_status: 'in_progress,partially_fulfilled' },
    },
    { id: 'done', label: say('view.done'), search: { status: 'completed' } },
    { id: 'cancelled', label: say('view.cancelled'), search: { status: 'cancelled' } },
  ]
}

function useFilters(): Filter[] {
  const say = useSay(orderWords)
  const options = (axis: 'lifecycle' | 'pay' | 'do', states: string[]) =>
    states.map(value => ({ value, label: statusText(say, axis, value) }))
  return [
    { key: 'status', label: say('status'), options: options('lifecycle', lifecycleStates) },
    { key: 'payment_status', label: say('payment'), options: options('pay', paymentStates) },
    { key: 'fulfilment_status', label: say('fulfilment'), options: options('do', fulfilmentStates) },
    { key: 'on_hold', label: say('hold'), options: [{ value: 'true', label: say('hold.yes') }] },
    { key: 'tag', label: say('tag'), kind: 'text' },
    { key: 'from', label: say('from'), kind: 'date' },
    { key: 'to', label: say('to'), kind: 'date' },
  ]
}

function useColumns(): DataTableColumn<OrderSummary>[] {
  const say = useSay(orderWords)
  const { time_zone } = useTenant()
  return [
    {
      accessor: 'number',
      title: say('number'),
      width: 110,
      noWrap: true,
      render: order => (
        <A to={`/orders/${order.id}`} fw={600}>
          {orderName(order)}
        </A>
      ),
    },
    {
      accessor: 'created',
      ...wideOnly,
      sortable: true,
      title: say('placed'),
      width: 205,
      noWrap: true,
      render: order => dateTime(order.placed_at ?? order.created_at, time_zone),
    },
    {
      accessor: 'name',
      title: say('customer'),
      render: order => (
        <Text size="sm" lineClamp={1}>
          {order.name || order.email || say('guest')}
        </Text>
      ),
    },
    {
      accessor: 'units',
      ...wideOnly,
      title: say('units'),
      width: 70,
      textAlign: 'right',
      render: order => number(order.units),
    },
    {
      accessor: 'total',
      sortable: true,
      title: say('total'),
      width: 120,
      textAlign: 'right',
      noWrap: true,
      render: order => money(order.total, order.currency),
    },
    {
      accessor: 'status',
      ...wideOnly,
      title: say('status'),
      width: 150,
      render: order => <LifecycleStatus of={order.status} />,
    },
    {
      accessor: 'payment_status',
      title: say('payment'),
      width: 160,
      render: order => <PaymentStatus of={order.payment_status} />,
    },
    {
      accessor: 'fulfilment_status',
      title: say('fulfilment'),
      width: 160,
      render: order => <FulfilmentStatus of={order.fulfilment_status} />,
    },
  ]
}
