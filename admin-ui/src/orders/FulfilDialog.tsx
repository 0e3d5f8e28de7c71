import { Alert, Group, NumberInput, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { useOrderChanged } from './Actions'
import { actOnOrder, type Order, openUnits, orderName } from './api'
import { orderWords } from './words'

/** Sends all that is left, or a part of it, in one group. */
export function FulfilDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const say = useSay(orderWords)
  const changed = useOrderChanged()
  const open = order.lines
    .map(line => ({ line, left: openUnits(line, order.fulfilments) }))
    .filter(({ left }) => left > 0)
  const [none, setNone] = useState(false)
  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      lines: Object.fromEntries(open.map(({ line, left }) => [String(line.line), left])),
      carrier: '',
      tracking_number: '',
      tracking_url: '',
    },
    send: ({ lines, ...tracking }) =>
      actOnOrder(order.id, 'fulfil', {
        version: order.version,
        lines: chosen(lines),
        ...Object.fromEntries(Object.entries(tracking).filter(([, text]) => text.trim())),
      }),
    done: () => {
      void changed()
      onClose()
    },
  })
  return (
    <Dialog
      title={say('fulfil.title', { number: orderName(order) })}
      onClose={onClose}
      onSubmit={event => {
        event?.preventDefault()
        const isEmpty = chosen(form.values.lines).length === 0
        setNone(isEmpty)
        if (!isEmpty) submit(event)
      }}
      pending={pending}
      note={none ? <Alert color="red">{say('fulfil.none')}</Alert> : note}
      go={say('fulfil.go')}
    >
      <Stack gap="xs" role="group" aria-label={say('fulfil.lines')}>
        <Text size="sm" fw={500}>
          {say('fulfil.lines')}
        </Text>
        {open.map(({ line, left }) => (
          <Group key={line.line} justify="space-between" wrap="nowrap">
            <div>
              <Text size="sm">{inWords(line.title) || line.sku}</Text>
              <Text size="xs" c="dimmed">
                {say('fulfil.left', { count: left })}
              </Text>
            </div>
            <NumberInput
              aria-label={`${say('quantity')}: ${inWords(line.title) || line.sku}`}
              w={96}
              min={0}
              max={left}
              allowDecimal={false}
              clampBehavior="strict"
              {...form.getInputProps(`lines.${line.line}`)}
            />
          </Group>
        ))}
      </Stack>
      {order.fulfilment_type === 'ship' && (
        <>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput label={say('carrier')} maxLength={100} {...form.getInputProps('carrier')} />
            <TextInput label={say('tracking.number')} maxLength={100} {...form.getInputProps('tracking_number')} />
          </SimpleGrid>
          <TextInput label={say('tracking.url')} type="url" maxLength={500} {...form.getInputProps('tracking_url')} />
        </>
      )}
    </Dialog>
  )
}

function chosen(lines: Record<string, number | string>) {
  return Object.entries(lines)
    .map(([line, quantity]) => ({ line: Number(line), quantity: Number(quantity) }))
    .filter(({ quantity }) => quantity > 0)
}
