import { Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Navigate } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A, usePath } from '../ui/A'
import { money, number } from '../ui/format'
import { useListState } from '../ui/listState'
import { Loaded, Page, Waiting } from '../ui/Page'
import { type Dashboard, dashboardQuery, type Range, ranges } from './api'
import { Checklist } from './Checklist'
import { Tile } from './Tile'
import { dashboardWords } from './words'

const Series = lazy(() => import('./Series'))

/** The home of whoever may see figures; the others start at their orders. */
export function DashboardPage() {
  const can = useCan()
  const path = usePath()
  return can('reports:read') ? <Figures /> : <Navigate to={path('/orders') as never} replace />
}

function Figures() {
  const say = useSay(dashboardWords)
  const state = useListState(['range'])
  const range: Range = ranges.find(one => one === state.get('range')) ?? 'today'
  const query = useQuery(dashboardQuery(range))
  return (
    <Page
      title={say('title')}
      actions={
        <SegmentedControl
          aria-label={say('range')}
          size="xs"
          data={ranges.map(value => ({ value, label: say(value) }))}
          value={range}
          onChange={value => state.set({ range: value })}
        />
      }
    >
      <Loaded query={query}>{data => <Content data={data} range={range} />}</Loaded>
    </Page>
  )
}

function Content({ data, range }: { data: Dashboard; range: Range }) {
  const say = useSay(dashboardWords)
  const can = useCan()
  const { current: now, previous: before, currency } = data
  const percent = (share: number) => number(share, { style: 'percent', maximumFractionDigits: 1 })
  return (
    <Stack gap="md">
      <Checklist steps={data.checklist} />
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        <Tile
          label={say('revenue')}
          value={money(now.revenue, currency)}
          now={now.revenue}
          before={before.revenue}
          to="/orders"
        />
        <Tile label={say('orders')} value={number(now.orders)} now={now.orders} before={before.orders} to="/orders" />
        <Tile
          label={say('average')}
          value={money(now.average, currency)}
          now={now.average}
          before={before.average}
          to="/orders"
        />
        <Tile
          label={say('success')}
          value={percent(now.payment_success)}
          now={now.payment_success}
          before={before.payment_success}
          to="/orders"
          search={{ payment_status: 'failed' }}
        />
      </SimpleGrid>
      <Suspense fallback={<Waiting rows={8} />}>
        <Series data={data} range={range} />
      </Suspense>
      <SimpleGrid cols={{ base: 1, md: 3 }}>
        <Panel title={say('todo')} empty={!data.to_fulfil && !data.unpaid && !data.open_incidents && say('todo.none')}>
          {data.to_fulfil > 0 && (
            <A to="/orders" search={{ status: 'placed', fulfilment_status: 'unfulfilled' }} size="sm">
              {say('todo.fulfil', { count: data.to_fulfil })}
            </A>
          )}
          {data.unpaid > 0 && (
            <A to="/orders" search={{ status: 'draft', payment_status: 'unpaid' }} size="sm">
              {say('todo.unpaid', { count: data.unpaid })}
            </A>
          )}
          {data.open_incidents > 0 && can('alerts:read') && (
            <A to="/incidents" search={{ status: 'open' }} size="sm">
              {say('incidents.count', { count: data.open_incidents })}
            </A>
          )}
        </Panel>
        <Panel title={say('top')} empty={data.top_products.length === 0 && say('top.none')}>
          {data.top_products.map(product => (
            <Row key={product.sku} figure={say('sold', { quantity: number(product.units) })}>
              {can('products:read') ? (
                <A to="/products" search={{ q: product.sku }}>
                  {inWords(product.title) || product.sku}
                </A>
              ) : (
                inWords(product.title) || product.sku
              )}
            </Row>
          ))}
        </Panel>
        <Panel
          title={say('low')}
          empty={data.low_stock.length === 0 && say('low.none')}
          more={
            can('inventory:read') && (
              <A to="/inventory" search={{ state: 'low' }} size="sm">
                {say('see')}
              </A>
            )
          }
        >
          {data.low_stock.map(level => (
            <Row key={level.level_id} figure={say('left', { count: level.available })}>
              <A to="/inventory" search={{ q: level.sku }}>
                {inWords(level.title) || level.sku}
              </A>
            </Row>
          ))}
        </Panel>
      </SimpleGrid>
    </Stack>
  )
}

function Panel(props: { title: string; empty: string | false; more?: ReactNode; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={props.title}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {props.title}
        </Title>
        {props.more}
      </Group>
      {props.empty ? (
        <Text size="sm" c="dimmed">
          {props.empty}
        </Text>
      ) : (
        <Stack gap={6}>{props.children}</Stack>
      )}
    </Paper>
  )
}

function Row({ children, figure }: { children: ReactNode; figure: string }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <Text size="sm" lineClamp={1}>
        {children}
      </Text>
      <Text size="sm" c="dimmed" className="tabular" style={{ whiteSpace: 'nowrap' }}>
        {figure}
      </Text>
    </Group>
  )
}
