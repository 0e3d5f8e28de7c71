import { Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense } from 'react'
import { Severity } from '../alerts/Severity'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../products/api'
import { A } from '../ui/A'
import { money, number } from '../ui/format'
import { useListState } from '../ui/listState'
import { Loaded, Page, Waiting } from '../ui/Page'
import { type Dashboard, dashboardQuery, type Range, ranges } from './api'
import { Checklist } from './Checklist'
import { Tile } from './Tile'
import { dashboardWords } from './words'

const Series = lazy(() => import('./Series'))

export function DashboardPage() {
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
  const { currency } = useTenant()
  const before = data.previous
  const percent = (share: number) => number(share, { style: 'percent', maximumFractionDigits: 1 })
  return (
    <Stack gap="md">
      <Checklist steps={data.checklist ?? []} />
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        <Tile
          label={say('revenue')}
          value={money(data.revenue, currency)}
          now={data.revenue}
          before={before?.revenue}
          to="/orders"
        />
        <Tile
          label={say('orders')}
          value={number(data.orders)}
          now={data.orders}
          before={before?.orders}
          to="/orders"
        />
        <Tile
          label={say('average')}
          value={money(data.average, currency)}
          now={data.average}
          before={before?.average}
          to="/orders"
        />
        <Tile
          label={say('success')}
          value={
            data.payment_success === null || data.payment_success === undefined ? '–' : percent(data.payment_success)
          }
          now={data.payment_success ?? 0}
          before={before?.payment_success ?? undefined}
          to="/orders"
          search={{ payment_status: 'failed' }}
        />
      </SimpleGrid>
      <Suspense fallback={<Waiting rows={8} />}>
        <Series series={data.series ?? []} currency={currency} range={range} />
      </Suspense>
      <SimpleGrid cols={{ base: 1, md: 3 }}>
        <Panel title={say('top')} empty={!data.top_products?.length && say('top.none')}>
          {data.top_products?.map(product => (
            <Row key={product.variant_id ?? product.product_id ?? product.sku ?? inWords(product.title)}>
              <Text size="sm" lineClamp={1}>
                {product.product_id && can('products:read') ? (
                  <A to={`/products/${product.product_id}`}>{inWords(product.title) || product.sku}</A>
                ) : (
                  inWords(product.title) || product.sku
                )}
              </Text>
              <Text size="sm" c="dimmed" className="tabular" style={{ whiteSpace: 'nowrap' }}>
                {say('sold', { quantity: number(product.quantity) })}
              </Text>
            </Row>
          ))}
        </Panel>
        <Panel
          title={say('low')}
          empty={!data.low_stock?.length && say('low.none')}
          more={
            can('inventory:read') && (
              <A to="/inventory" search={{ state: 'low' }} size="sm">
                {say('see')}
              </A>
            )
          }
        >
          {data.low_stock?.map(level => (
            <Row key={level.level_id ?? level.sku}>
              <Text size="sm" lineClamp={1}>
                <A to="/inventory" search={{ q: level.sku }}>
                  {inWords(level.title) || level.sku}
                </A>
              </Text>
              <Text size="sm" fw={600} className="tabular" style={{ whiteSpace: 'nowrap' }}>
                {say('left', { count: level.available })}
              </Text>
            </Row>
          ))}
        </Panel>
        <Incidents open={data.open_incidents} />
      </SimpleGrid>
    </Stack>
  )
}

function Incidents({ open }: { open: Dashboard['open_incidents'] }) {
  const say = useSay(dashboardWords)
  const count = Array.isArray(open) ? open.length : open
  return (
    <Panel
      title={say('incidents')}
      empty={!count && say('incidents.none')}
      more={
        <A to="/incidents" search={{ status: 'open' }} size="sm">
          {say('see')}
        </A>
      }
    >
      {Array.isArray(open) ? (
        open.map(incident => (
          <Row key={incident.id}>
            <Group gap={6} wrap="nowrap">
              <Severity of={incident.severity} iconOnly />
              <Text size="sm" lineClamp={1}>
                <A to={`/incidents/${incident.id}`}>{incident.title}</A>
              </Text>
            </Group>
          </Row>
        ))
      ) : (
        <Text size="sm">{say('incidents.count', { count })}</Text>
      )}
    </Panel>
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

function Row({ children }: { children: ReactNode }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      {children}
    </Group>
  )
}
