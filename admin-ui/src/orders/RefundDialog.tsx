import { Checkbox, Group, NumberInput, SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { newKey } from '../api/client'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { money } from '../ui/format'
import { MoneyInput } from '../ui/MoneyInput'
import { uiWords } from '../ui/words'
import { useOrderChanged } from './Actions'
import { type Order, orderName, refundOrder } from './api'
import { cancelReasons } from './CancelDialog'
import { refundable, refundOf } from './refund'
import { orderWords } from './words'

type Quantities = Record<string, number | string>

/** A part or all of what was paid: an amount, or items, which can go back on the shelf. One key for one opened dialog: a double click refunds once. */
export function RefundDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const changed = useOrderChanged()
  const [key] = useState(newKey)
  const most = order.paid_total - order.refunded_total
  const lines = order.lines
    .map(line => ({ line, most: refundable(line, order.tax_included) }))
    .filter(one => one.most > 0)
  const tooMuch = say('refund.max', { amount: money(most, order.currency) })
  const sumOf = (quantities: Quantities) =>
    lines.reduce((sum, { line }) => sum + refundOf(line, Number(quantities[line.line]) || 0, order.tax_included), 0)
  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      by: 'amount' as 'amount' | 'lines',
      amount: most as number | null,
      quantities: Object.fromEntries(lines.map(({ line }) => [String(line.line), 0])) as Quantities,
      restock: true,
      reason: 'customer',
    },
    validate: {
      amount: (v, { by }) =>
        by === 'lines' ? null : v === null || v <= 0 ? ui('required') : v > most ? tooMuch : null,
      quantities: (v, { by }) => {
        if (by === 'amount') return null
        const sum = sumOf(v)
        return sum === 0 ? say('refund.none') : sum > most ? tooMuch : null
      },
    },
    send: ({ by, amount, quantities, restock, reason }) =>
      refundOrder(
        order.id,
        by === 'amount'
          ? { amount, reason }
          : {
              lines: Object.entries(quantities)
                .map(([line, quantity]) => ({ line: Number(line), quantity: Number(quantity) }))
                .filter(({ quantity }) => quantity > 0),
              restock,
              reason,
            },
        key,
      ),
    done: () => {
      notifications.show({ message: say('refund.done') })
      void changed()
      onClose()
    },
  })
  const { by, quantities } = form.values
  const sum = by === 'amount' ? (form.values.amount ?? 0) : sumOf(quantities)

  return (
    <Dialog
      title={say('refund.title', { number: orderName(order) })}
      lead={say('refund.text', { amount: money(most, order.currency) })}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('refund.go', { amount: money(sum, order.currency) })}
      danger
    >
      {lines.length > 0 && (
        <SegmentedControl
          aria-label={say('refund.by')}
          data={[
            { value: 'amount', label: say('refund.by.amount') },
            { value: 'lines', label: say('refund.by.lines') },
          ]}
          {...form.getInputProps('by')}
        />
      )}
      {by === 'amount' ? (
        <MoneyInput
          label={say('refund.amount')}
          currency={order.currency}
          data-autofocus
          required
          {...form.getInputProps('amount')}
        />
      ) : (
        <Stack gap="xs" role="group" aria-label={say('refund.by.lines')}>
          {lines.map(({ line, most }) => {
            const name = inWords(line.title) || line.sku
            return (
              <Group key={line.line} justify="space-between" wrap="nowrap">
                <div>
                  <Text size="sm">{name}</Text>
                  <Text size="xs" c="dimmed">
                    {say('refund.most', { count: most })}
                  </Text>
                </div>
                <NumberInput
                  aria-label={`${say('quantity')}: ${name}`}
                  w={96}
                  min={0}
                  max={most}
                  allowDecimal={false}
                  clampBehavior="strict"
                  {...form.getInputProps(`quantities.${line.line}`)}
                />
              </Group>
            )
          })}
          {form.errors.quantities && (
            <Text size="sm" c="red" role="alert">
              {form.errors.quantities}
            </Text>
          )}
          <Checkbox label={say('refund.restock')} {...form.getInputProps('restock', { type: 'checkbox' })} />
        </Stack>
      )}
      <Select
        label={say('refund.reason')}
        data={cancelReasons.map(value => ({ value, label: say(`reason.${value}`) }))}
        allowDeselect={false}
        {...form.getInputProps('reason')}
      />
    </Dialog>
  )
}
