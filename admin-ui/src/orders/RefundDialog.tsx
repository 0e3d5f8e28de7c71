import { Checkbox, Select } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { newKey } from '../api/client'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { money } from '../ui/format'
import { MoneyInput } from '../ui/MoneyInput'
import { uiWords } from '../ui/words'
import { useOrderChanged } from './Actions'
import { type Order, orderName, refundOrder } from './api'
import { cancelReasons } from './CancelDialog'
import { orderWords } from './words'

/** A part or all of what was paid. One key for one opened dialog: a double click refunds once. */
export function RefundDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const changed = useOrderChanged()
  const [key] = useState(newKey)
  const most = order.paid_total - order.refunded_total
  const { form, submit, note, pending } = useSendForm({
    initialValues: { amount: most as number | null, reason: 'customer', restock: false },
    validate: {
      amount: v =>
        v === null || v <= 0
          ? ui('required')
          : v > most
            ? say('refund.max', { amount: money(most, order.currency) })
            : null,
    },
    send: values => refundOrder(order.id, values, key),
    done: () => {
      notifications.show({ message: say('refund.done') })
      void changed()
      onClose()
    },
  })
  const amount = form.values.amount ?? 0
  return (
    <Dialog
      title={say('refund.title', { number: orderName(order) })}
      lead={say('refund.text', { amount: money(most, order.currency) })}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('refund.go', { amount: money(amount, order.currency) })}
      danger
    >
      <MoneyInput
        label={say('refund.amount')}
        currency={order.currency}
        data-autofocus
        required
        {...form.getInputProps('amount')}
      />
      <Select
        label={say('refund.reason')}
        data={cancelReasons.map(value => ({ value, label: say(`reason.${value}`) }))}
        allowDeselect={false}
        {...form.getInputProps('reason')}
      />
      {amount === most && (
        <Checkbox label={say('refund.restock')} {...form.getInputProps('restock', { type: 'checkbox' })} />
      )}
    </Dialog>
  )
}
