import { TextInput } from '@mantine/core'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { uiWords } from '../ui/words'
import { useOrderChanged } from './Actions'
import { actOnOrder, type Order, orderName } from './api'
import { orderWords } from './words'

export function HoldDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const changed = useOrderChanged()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { reason: '', until: '' },
    validate: { reason: v => (v.trim() ? null : ui('required')) },
    send: ({ reason, until }) =>
      actOnOrder(order.id, 'hold', {
        reason: reason.trim(),
        version: order.version,
        ...(until && { until: new Date(until).toISOString() }),
      }),
    done: () => {
      void changed()
      onClose()
    },
  })
  return (
    <Dialog
      title={say('hold.title', { number: orderName(order) })}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('act.hold')}
    >
      <TextInput label={say('hold.reason')} required data-autofocus maxLength={200} {...form.getInputProps('reason')} />
      <TextInput label={say('hold.end')} type="datetime-local" {...form.getInputProps('until')} />
    </Dialog>
  )
}
