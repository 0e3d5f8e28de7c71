import { Button, Stack, Text, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { useSendForm } from '../ui/form'
import { dateTime } from '../ui/format'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { actOnOrder, type Order, orderQuery } from './api'
import { orderWords } from './words'

/** Remarks among staff: a customer never sees them. */
export function Notes({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const { time_zone } = useTenant()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { text: '' },
    validate: { text: v => (v.trim() ? null : ui('required')) },
    send: ({ text }) => actOnOrder(order.id, 'notes', { text: text.trim() }),
    done: () => {
      form.reset()
      void client.invalidateQueries({ queryKey: orderQuery(order.id).queryKey })
    },
  })
  return (
    <Section title={say('notes')}>
      <Stack gap="sm">
        {order.notes.length === 0 && (
          <Text size="sm" c="dimmed">
            {say('notes.none')}
          </Text>
        )}
        {order.notes.map(one => (
          <div key={one.id}>
            <Text size="sm" style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
              {one.text}
            </Text>
            <Text size="xs" c="dimmed">
              {one.author} · {dateTime(one.at, time_zone)}
            </Text>
          </div>
        ))}
        {can('orders:write') && (
          <form onSubmit={submit}>
            <Stack gap="xs">
              <Textarea
                label={say('note.text')}
                autosize
                minRows={2}
                maxLength={2000}
                {...form.getInputProps('text')}
              />
              {note}
              <Button type="submit" size="xs" variant="default" loading={pending} style={{ alignSelf: 'flex-start' }}>
                {say('note.add')}
              </Button>
            </Stack>
          </form>
        )}
      </Stack>
    </Section>
  )
}
