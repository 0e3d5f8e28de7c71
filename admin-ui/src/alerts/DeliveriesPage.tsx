import { Button, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { A } from '../ui/A'
import { dateTime } from '../ui/format'
import { List } from '../ui/List'
import { useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Status, type Tone } from '../ui/Status'
import { type Delivery, deliveriesQuery, redeliver } from './api'
import { alertWords } from './words'

const tones: Record<Delivery['state'], Tone> = { queued: 'busy', sent: 'good', failed: 'waiting', dead: 'bad' }
const states = ['queued', 'sent', 'failed', 'dead'] as const

export function DeliveriesPage() {
  const say = useSay(alertWords)
  const state = useListState(['state', 'limit'])
  const query = useInfiniteQuery(deliveriesQuery(state.search))
  return (
    <Page
      title={say('deliveries')}
      lead={say('deliveries.lead')}
      back={
        <A to="/alerts" size="sm">
          ‹ {say('rules')}
        </A>
      }
    >
      <List
        name="deliveries"
        state={state}
        query={query}
        columns={useColumns()}
        rowId={delivery => delivery.id}
        filters={[
          {
            key: 'state',
            label: say('state'),
            options: states.map(value => ({ value, label: say(`state.${value}`) })),
          },
        ]}
        empty={{ title: say('deliveries.empty') }}
      />
    </Page>
  )
}

function useColumns(): DataTableColumn<Delivery>[] {
  const say = useSay(alertWords)
  const can = useCan()
  const { time_zone } = useTenant()
  return [
    {
      accessor: 'created_at',
      title: say('at'),
      width: 205,
      noWrap: true,
      render: one => dateTime(one.created_at, time_zone),
    },
    { accessor: 'to', title: say('to'), width: 220, ellipsis: true },
    { accessor: 'subject', title: say('message'), render: one => one.subject || one.template },
    {
      accessor: 'state',
      title: say('state'),
      width: 180,
      render: one => (
        <>
          <Status tone={tones[one.state]}>{say(`state.${one.state}`)}</Status>
          {one.error && (
            <Text size="xs" c="dimmed" lineClamp={2} title={one.error}>
              {one.error}
            </Text>
          )}
        </>
      ),
    },
    { accessor: 'attempts', title: say('attempts'), width: 80, textAlign: 'right' },
    ...(can('alerts:write')
      ? [
          {
            accessor: 'id' as const,
            title: say('redeliver'),
            width: 150,
            render: (one: Delivery) => (one.state === 'queued' ? null : <Again delivery={one} />),
          },
        ]
      : []),
  ]
}

function Again({ delivery }: { delivery: Delivery }) {
  const say = useSay(alertWords)
  const client = useQueryClient()
  const again = useMutation({
    mutationFn: () => redeliver(delivery.id),
    onSettled: () => client.invalidateQueries({ queryKey: ['deliveries'] }),
  })
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        loading={again.isPending}
        aria-label={`${say('redeliver')}: ${delivery.to}`}
        onClick={() => again.mutate()}
      >
        {say('redeliver')}
      </Button>
      <ProblemNote error={again.error} />
    </>
  )
}
