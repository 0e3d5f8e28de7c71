import { Anchor, Button, Group, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { Dialog } from '../ui/Dialog'
import { dateTime } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { useOrderChanged } from './Actions'
import { type Fulfilment, moveFulfilment, type Order } from './api'
import { FulfilmentStatus, statusText } from './Statuses'
import { orderWords } from './words'

export function Shipments({ order }: { order: Order }) {
  const say = useSay(orderWords)
  return (
    <Section title={say('shipments')}>
      {order.fulfilments.length === 0 && (
        <Text size="sm" c="dimmed">
          {say('shipments.none')}
        </Text>
      )}
      <Stack>
        {order.fulfilments.map((group, index) => (
          <Shipment key={group.id} order={order} group={group} n={index + 1} />
        ))}
      </Stack>
    </Section>
  )
}

function Shipment({ order, group, n }: { order: Order; group: Fulfilment; n: number }) {
  const say = useSay(orderWords)
  const can = useCan()
  const { time_zone } = useTenant()
  const changed = useOrderChanged()
  const [asked, setAsked] = useState<string>()
  const move = useMutation({
    mutationFn: (to: string) => moveFulfilment(order.id, group.id, { to, version: order.version }),
    onSuccess: () => setAsked(undefined),
    onSettled: changed,
  })
  const titles = new Map(order.lines.map(line => [line.line, inWords(line.title) || line.sku]))
  const moves = can('orders:write') ? group.allowed : []
  const isFinal = (to: string) => to === 'cancelled' || to === 'revoked'
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {group.type === 'ship' ? say('shipment', { n }) : typeText(group.type, say)}
          </Text>
          <FulfilmentStatus of={group.status} />
        </Group>
        <Group gap={6}>
          {moves.map(to => (
            <Button
              key={to}
              size="compact-sm"
              variant="light"
              color={isFinal(to) ? 'red' : 'teal'}
              loading={move.isPending && move.variables === to}
              onClick={() => (isFinal(to) ? setAsked(to) : move.mutate(to))}
            >
              {say('act.move', { status: statusText(say, 'do', to) })}
            </Button>
          ))}
        </Group>
      </Group>
      <Text size="sm">
        {group.lines.map(part => `${part.quantity} × ${titles.get(part.line) ?? part.line}`).join(', ')}
      </Text>
      {(group.carrier || group.tracking_number) && (
        <Text size="sm">
          {group.carrier}{' '}
          {group.tracking_url && /^https?:/.test(group.tracking_url) ? (
            <Anchor href={group.tracking_url} target="_blank" rel="noreferrer noopener" size="sm">
              {group.tracking_number || say('tracking')}
            </Anchor>
          ) : (
            group.tracking_number
          )}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {dateTime(group.delivered_at ?? group.shipped_at ?? group.created_at, time_zone)}
      </Text>
      {!asked && <ProblemNote error={move.error} />}
      {asked && (
        <Dialog
          title={say('move.title', { status: statusText(say, 'do', asked) })}
          lead={say('cancel.text')}
          onClose={() => setAsked(undefined)}
          onSubmit={event => {
            event?.preventDefault()
            move.mutate(asked)
          }}
          pending={move.isPending}
          note={<ProblemNote error={move.error} />}
          go={say('act.move', { status: statusText(say, 'do', asked) })}
          danger
        />
      )}
    </Stack>
  )
}

function typeText(type: string, say: (key: 'type.ship' | 'type.pickup' | 'type.digital') => string) {
  return type === 'pickup' ? say('type.pickup') : type === 'digital' ? say('type.digital') : say('type.ship')
}
