import { Button, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { A, useGo } from '../ui/A'
import { dateTime, money, number } from '../ui/format'
import { List, wideOnly } from '../ui/List'
import { useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import { customersQuery, type Listed } from './api'
import { CustomerDialog } from './CustomerDialog'
import { customerWords } from './words'

export function CustomersPage() {
  const say = useSay(customerWords)
  const can = useCan()
  const go = useGo()
  const state = useListState(['q', 'limit'])
  const query = useInfiniteQuery(customersQuery(state.search))
  const [isNew, setIsNew] = useState(false)
  return (
    <Page
      title={say('title')}
      actions={can('customers:write') && <Button onClick={() => setIsNew(true)}>{say('new')}</Button>}
    >
      <List
        name="customers"
        state={state}
        query={query}
        columns={useColumns()}
        rowId={customer => customer.id}
        search={say('search')}
        empty={{ title: say('empty.title'), text: say('empty.text') }}
      />
      {isNew && (
        <CustomerDialog onClose={() => setIsNew(false)} onSaved={customer => go(`/customers/${customer.id}`)} />
      )}
    </Page>
  )
}

function useColumns(): DataTableColumn<Listed>[] {
  const say = useSay(customerWords)
  const tenant = useTenant()
  return [
    {
      accessor: 'name',
      title: say('customer'),
      render: customer => (
        <div>
          <A to={`/customers/${customer.id}`} fw={600} size="sm">
            {customer.erased_at ? say('erased.name') : customer.name || customer.email || say(`kind.${customer.kind}`)}
          </A>
          <Text size="xs" c="dimmed">
            {[customer.email, customer.phone].filter(Boolean).join(' · ')}
          </Text>
        </div>
      ),
    },
    { accessor: 'kind', ...wideOnly, title: say('kind'), width: 110, render: customer => say(`kind.${customer.kind}`) },
    {
      accessor: 'orders',
      title: say('orders'),
      width: 90,
      textAlign: 'right',
      render: customer => number(customer.orders?.orders ?? 0),
    },
    {
      accessor: 'total',
      title: say('spent'),
      width: 130,
      textAlign: 'right',
      noWrap: true,
      render: customer => money(customer.orders?.total ?? 0, customer.orders?.currency || tenant.currency),
    },
    {
      accessor: 'last_at',
      ...wideOnly,
      title: say('last'),
      width: 150,
      noWrap: true,
      render: customer =>
        customer.orders?.last_at ? dateTime(customer.orders.last_at, tenant.time_zone, 'date') : '–',
    },
    {
      accessor: 'created_at',
      ...wideOnly,
      title: say('since'),
      width: 140,
      noWrap: true,
      render: customer => dateTime(customer.created_at, tenant.time_zone, 'date'),
    },
  ]
}
