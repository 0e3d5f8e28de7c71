import { Alert, Anchor, Grid, Group, Stack, Text } from '@mantine/core'
import IconArrowLeft from '@tabler/icons-react/dist/esm/icons/IconArrowLeft.mjs'
import IconPlayerPause from '@tabler/icons-react/dist/esm/icons/IconPlayerPause.mjs'
import { type InfiniteData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Paged } from '../api/paging'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { isForPage, useSingleKeys } from '../shell/Keys'
import { A, useGo } from '../ui/A'
import { dateTime } from '../ui/format'
import { Loaded, Page } from '../ui/Page'
import { Copy } from '../ui/Problem'
import { Fact, Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { Actions } from './Actions'
import { type Order, type OrderSummary, orderName, orderQuery } from './api'
import { Lines } from './Lines'
import { Notes } from './Notes'
import { Payments } from './Payments'
import { Shipments } from './Shipments'
import { FulfilmentStatus, LifecycleStatus, PaymentStatus } from './Statuses'
import { Tags } from './Tags'
import { Timeline } from './Timeline'
import { orderWords } from './words'

export function OrderPage() {
  const say = useSay(orderWords)
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const query = useQuery(orderQuery(id))
  const order = query.data
  useNeighbours(id)
  return (
    <Page
      title={order ? `${say('order')} ${orderName(order)}` : say('order')}
      back={<Back />}
      badge={
        order && (
          <Group gap={6}>
            <LifecycleStatus of={order.status} />
            <PaymentStatus of={order.payment_status} />
            <FulfilmentStatus of={order.fulfilment_status} />
            <Copy value={order.id} label={say('copy.id')} />
          </Group>
        )
      }
      actions={order && <Actions order={order} />}
    >
      <Loaded query={query}>{order => <Detail order={order} />}</Loaded>
    </Page>
  )
}

function Detail({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const { time_zone } = useTenant()
  const at = (iso: string) => dateTime(iso, time_zone)
  return (
    <Stack>
      {order.hold && (
        <Alert color="yellow" icon={<IconPlayerPause aria-hidden />} p="sm">
          {say('hold.on', { reason: order.hold.reason })}{' '}
          {order.hold.until && say('hold.until', { at: at(order.hold.until) })}
        </Alert>
      )}
      {order.status === 'draft' && order.expires_at && (
        <Alert color="blue" p="sm">
          {say('expires', { at: at(order.expires_at) })}
        </Alert>
      )}
      <Grid>
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack>
            <Lines order={order} />
            <Shipments order={order} />
            <Payments order={order} />
            <Timeline order={order} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Stack>
            <Customer order={order} />
            <Tags order={order} />
            <Notes order={order} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  )
}

function Customer({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const { time_zone } = useTenant()
  const address = order.shipping_address
  return (
    <Section title={say('customer')}>
      <Stack gap="xs">
        <Text size="sm" fw={600}>
          {order.customer_id ? (
            <A to={`/customers/${order.customer_id}`}>{order.name || order.email || say('guest')}</A>
          ) : (
            order.name || say('guest')
          )}
        </Text>
        {order.email && (
          <Anchor size="sm" href={`mailto:${order.email}`}>
            {order.email}
          </Anchor>
        )}
        {order.phone && (
          <Anchor size="sm" href={`tel:${order.phone}`}>
            {order.phone}
          </Anchor>
        )}
        {address && (
          <Text size="sm" component="address" style={{ fontStyle: 'normal', whiteSpace: 'pre-line' }}>
            {[
              address.name,
              address.company,
              ...address.lines,
              [address.postal_code, address.city].filter(Boolean).join(' '),
              address.region,
              address.country,
            ]
              .filter(Boolean)
              .join('\n')}
          </Text>
        )}
        {order.note && (
          <div>
            <Text size="xs" c="dimmed">
              {say('note.customer')}
            </Text>
            <Text size="sm">{order.note}</Text>
          </div>
        )}
        <dl style={{ margin: 0 }}>
          <Fact term={say('channel')}>{channel(order.channel, say)}</Fact>
          <Fact term={say('placed')}>{dateTime(order.placed_at ?? order.created_at, time_zone)}</Fact>
        </dl>
      </Stack>
    </Section>
  )
}

function channel(
  of: string,
  say: (key: 'channel.storefront' | 'channel.api' | 'channel.staff' | 'channel.import') => string,
) {
  const key = `channel.${of}`
  return key in orderWords.en ? say(key as 'channel.api') : of
}

function Back() {
  const say = useSay(uiWords)
  const router = useRouter()
  const go = useGo()
  // Back to the list as it was, with its filters; from a link of elsewhere, to the whole list.
  const back = () => (router.history.canGoBack() ? router.history.back() : go('/orders'))
  return (
    <Anchor component="button" type="button" size="sm" onClick={back}>
      <Group gap={4}>
        <IconArrowLeft size={14} aria-hidden />
        {say('back')}
      </Group>
    </Anchor>
  )
}

/** J and K walk through the list one came from, in its order. */
function useNeighbours(id: string) {
  const client = useQueryClient()
  const go = useGo()
  const [single] = useSingleKeys()
  useEffect(() => {
    if (!single) return
    function press(event: KeyboardEvent) {
      if ((event.key !== 'j' && event.key !== 'k') || !isForPage(event)) return
      const lists = client.getQueriesData<InfiniteData<Paged<OrderSummary>>>({ queryKey: ['orders', 'list'] })
      const ids = lists
        .map(([, data]) => data?.pages.flatMap(page => page.items.map(order => order.id)) ?? [])
        .find(ids => ids.includes(id))
      const next = ids?.[ids.indexOf(id) + (event.key === 'j' ? 1 : -1)]
      if (next) go(`/orders/${next}`)
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [client, go, id, single])
}
