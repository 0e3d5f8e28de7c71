import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { newKey } from '../api/client'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { money } from '../ui/format'
import { MoneyInput } from '../ui/MoneyInput'
import { uiWords } from '../ui/words'
import { useOrderChanged } from './Actions'
import { type Order, orderName, recordPayment } from './api'
import { orderWords } from './words'

export function PaymentDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const changed = useOrderChanged()
  const [key] = useState(newKey)
  const { form, submit, note, pending } = useSendForm({
    initialValues: { amount: (order.total - order.paid_total) as number | null, reference: '' },
    validate: { amount: v => (v === null || v <= 0 ? ui('required') : null) },
    send: ({ amount, reference }) => recordPayment(order.id, { amount: amount ?? 0, reference: reference.trim() }, key),
    done: () => {
      void changed()
      onClose()
    },
  })
  return (
    <Dialog
      title={say('payment.title', { number: orderName(order) })}
      lead={say('payment.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('payment.go', { amount: money(form.values.amount ?? 0, order.currency) })}
    >
      <MoneyInput
        label={say('refund.amount')}
        currency={order.currency}
        data-autofocus
        required
        {...form.getInputProps('amount')}
      />
      <TextInput label={say('payment.reference')} maxLength={200} {...form.getInputProps('reference')} />
    </Dialog>
  )
}
