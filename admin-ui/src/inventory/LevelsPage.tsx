import { Button, Group, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A, ButtonLink } from '../ui/A'
import { number } from '../ui/format'
import { List, wideOnly } from '../ui/List'
import { useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import { Status } from '../ui/Status'
import { type Level, levelsQuery, locationsQuery } from './api'
import { Drift } from './Drift'
import { GoodsDialog } from './GoodsDialog'
import { LevelDialog } from './LevelDialog'
import { inventoryWords } from './words'

const fewLeft = 5 // what the server calls low

export function LevelsPage() {
  const say = useSay(inventoryWords)
  const can = useCan()
  const state = useListState(['q', 'location', 'state', 'sku', 'limit'])
  const query = useInfiniteQuery(levelsQuery(state.search))
  const locations = useQuery(locationsQuery)
  const [changed, setChanged] = useState<Level>()
  const [goods, setGoods] = useState<'transfer' | 'receive'>()
  const places = locations.data?.items ?? []
  const mayWrite = can('inventory:write')

  return (
    <Page
      title={say('title')}
      lead={
        <>
          {say('thresholds')}{' '}
          <A to="/alerts" underline="always">
            {say('thresholds.link')}
          </A>
        </>
      }
      actions={
        <>
          <ButtonLink to="/inventory/locations" variant="default">
            {say('locations')}
          </ButtonLink>
          <ButtonLink to="/inventory/movements" variant="default">
            {say('movements')}
          </ButtonLink>
          {mayWrite && places.length > 1 && (
            <Button variant="default" onClick={() => setGoods('transfer')}>
              {say('transfer')}
            </Button>
          )}
          {mayWrite && <Button onClick={() => setGoods('receive')}>{say('receive')}</Button>}
        </>
      }
    >
      <List
        name="inventory"
        state={state}
        query={query}
        columns={useColumns(mayWrite ? setChanged : undefined)}
        rowId={level => level.level_id}
        search={say('search')}
        views={[
          { id: 'low', label: say('state.low'), search: { state: 'low' } },
          { id: 'out', label: say('state.out'), search: { state: 'out' } },
        ]}
        filters={
          places.length > 1
            ? [
                {
                  key: 'location',
                  label: say('location'),
                  options: places.map(place => ({ value: place.id, label: place.name })),
                },
              ]
            : []
        }
        empty={{ title: say('empty.title'), text: say('empty.text') }}
      />
      <Drift />
      {changed && <LevelDialog level={changed} onClose={() => setChanged(undefined)} />}
      {goods && <GoodsDialog kind={goods} places={places} onClose={() => setGoods(undefined)} />}
    </Page>
  )
}

function useColumns(onChange: ((level: Level) => void) | undefined): DataTableColumn<Level>[] {
  const say = useSay(inventoryWords)
  const figure = (
    accessor: 'on_hand' | 'committed' | 'reserved' | 'incoming',
    title: string,
  ): DataTableColumn<Level> => ({
    accessor,
    ...wideOnly,
    title,
    width: 96,
    textAlign: 'right',
    render: level => number(level[accessor]),
  })
  return [
    {
      accessor: 'sku',
      title: say('product'),
      render: level => (
        <div>
          <Text size="sm" fw={600} lineClamp={1}>
            {level.product_id ? (
              <A to={`/products/${level.product_id}`}>{inWords(level.title) || level.sku}</A>
            ) : (
              inWords(level.title) || level.sku
            )}
          </Text>
          <Text size="xs" c="dimmed">
            <A
              to="/inventory/movements"
              search={{ sku: level.sku }}
              c="dimmed"
              display="inline-block"
              lh="24px"
              aria-label={say('history', { sku: level.sku })}
            >
              {level.sku}
            </A>
          </Text>
        </div>
      ),
    },
    {
      accessor: 'location_name',
      ...wideOnly,
      title: say('location'),
      width: 150,
      render: level => level.location_name,
    },
    figure('on_hand', say('onHand')),
    figure('committed', say('committed')),
    figure('reserved', say('reserved')),
    figure('incoming', say('incoming')),
    {
      accessor: 'available',
      title: say('available'),
      width: 150,
      textAlign: 'right',
      render: level => (
        <Group gap={6} justify="flex-end" wrap="nowrap">
          {level.available <= 0 ? (
            <Status tone="bad">{say('state.out')}</Status>
          ) : (
            level.available <= fewLeft && <Status tone="waiting">{say('state.low')}</Status>
          )}
          <Text size="sm" fw={650}>
            {number(level.available)}
          </Text>
        </Group>
      ),
    },
    ...(onChange
      ? [
          {
            accessor: 'version' as const,
            title: say('change'),
            width: 110,
            render: (level: Level) => (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`${say('change')}: ${level.sku}`}
                onClick={() => onChange(level)}
              >
                {say('change')}
              </Button>
            ),
          },
        ]
      : []),
  ]
}
