import { Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { A } from '../ui/A'
import { dateTime, number } from '../ui/format'
import { List } from '../ui/List'
import { useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import { type Movement, movementsQuery } from './api'
import { inventoryWords } from './words'

export function MovementsPage() {
  const say = useSay(inventoryWords)
  const state = useListState(['sku', 'level_id', 'cause_id', 'limit'])
  const query = useInfiniteQuery(movementsQuery(state.search))
  return (
    <Page
      title={say('movements')}
      lead={say('mov.lead')}
      back={
        <A to="/inventory" size="sm">
          ‹ {say('title')}
        </A>
      }
    >
      <List
        name="movements"
        state={state}
        query={query}
        columns={useColumns()}
        rowId={movement => movement.id}
        filters={[{ key: 'sku', label: say('line.sku'), kind: 'text' }]}
        empty={{ title: say('mov.empty') }}
      />
    </Page>
  )
}

function useColumns(): DataTableColumn<Movement>[] {
  const say = useSay(inventoryWords)
  const { time_zone } = useTenant()
  const signed = (n: number) => number(n, { signDisplay: 'exceptZero' })
  return [
    { accessor: 'at', title: say('mov.at'), width: 205, noWrap: true, render: m => dateTime(m.at, time_zone) },
    { accessor: 'sku', title: say('line.sku'), width: 150, noWrap: true },
    { accessor: 'location_name', title: say('location'), width: 140 },
    {
      accessor: 'kind',
      title: say('mov.kind'),
      width: 170,
      render: m => {
        const key = `kind.${m.kind}`
        return key in inventoryWords.en ? say(key as 'kind.adjust') : m.kind.replaceAll('_', ' ')
      },
    },
    {
      accessor: 'on_hand_delta',
      title: say('mov.change'),
      width: 180,
      render: m => (
        <Text size="sm" className="tabular">
          {[
            m.on_hand_delta !== 0 && say('axis.onHand', { n: signed(m.on_hand_delta) }),
            m.reserved_delta !== 0 && say('axis.reserved', { n: signed(m.reserved_delta) }),
            m.committed_delta !== 0 && say('axis.committed', { n: signed(m.committed_delta) }),
          ]
            .filter(Boolean)
            .join(', ')}
        </Text>
      ),
    },
    {
      accessor: 'reason',
      title: say('mov.cause'),
      render: m =>
        m.cause_kind === 'order' && m.cause_id ? (
          <A to={`/orders/${m.cause_id}`} size="sm">
            {say('cause.order')}
          </A>
        ) : (
          m.reason || m.cause_kind.replaceAll('_', ' ')
        ),
    },
    { accessor: 'actor', title: say('mov.by'), width: 150 },
  ]
}
