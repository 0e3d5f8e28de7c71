import { Checkbox, Select } from '@mantine/core'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { money } from '../ui/format'
import { useOrderChanged } from './Actions'
import { actOnOrder, type Order, orderName } from './api'
import { orderWords } from './words'

export const cancelReasons = ['customer', 'stock', 'duplicate', 'fraud', 'other'] as const

export function CancelDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const say = useSay(orderWords)
  const can = useCan()
  const changed = useOrderChanged()
  const back = order.paid_total - order.refunded_total
  const { form, submit, note, pending } = useSendForm({
    initialValues: { reason: 'customer', restock: true, refund: back > 0 && can('orders:refund') },
    send: values => actOnOrder(order.id, 'cancel', { ...values, version: order.version }),
    done: () => {
      void changed()
      onClose()
    },
  })
  return (
    <Dialog
      title={say('cancel.title', { number: orderName(order) })}
      lead={say('cancel.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('act.cancel')}
      danger
      keep={say('cancel.keep')}
    >
      <Select
        label={say('cancel.reason')}
        data={cancelReasons.map(value => ({ value, label: say(`reason.${value}`) }))}
        allowDeselect={false}
        {...form.getInputProps('reason')}
      />
      <Checkbox label={say('cancel.restock')} {...form.getInputProps('restock', { type: 'checkbox' })} />
      {back > 0 && can('orders:refund') && (
        <Checkbox
          label={say('cancel.refund', { amount: money(back, order.currency) })}
          {...form.getInputProps('refund', { type: 'checkbox' })}
        />
      )}
    </Dialog>
  )
}
