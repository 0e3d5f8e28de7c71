import { ActionIcon, Badge, Button, Group, Stack, TextInput } from '@mantine/core'
import IconX from '@tabler/icons-react/dist/esm/icons/IconX.mjs'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { useSendForm } from '../ui/form'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { actOnOrder, type Order } from './api'
import { orderWords } from './words'

/** Short words of the staff's own, by which orders are found again. */
export function Tags({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const changed = () => client.invalidateQueries({ queryKey: ['orders'] })
  const remove = useMutation({
    mutationFn: (tag: string) => actOnOrder(order.id, 'tags', { remove: [tag] }),
    onSettled: changed,
  })
  const { form, submit, note, pending } = useSendForm({
    initialValues: { tag: '' },
    validate: { tag: v => (v.trim() ? null : ui('required')) },
    send: ({ tag }) => actOnOrder(order.id, 'tags', { add: [tag.trim()] }),
    done: () => {
      form.reset()
      void changed()
    },
  })
  const mayWrite = can('orders:write')
  if (!mayWrite && order.tags.length === 0) return null
  return (
    <Section title={say('tags')}>
      <Stack gap="sm">
        {order.tags.length > 0 && (
          <Group gap={4}>
            {order.tags.map(tag => (
              <Badge
                key={tag}
                color="gray"
                tt="none"
                rightSection={
                  mayWrite && (
                    <ActionIcon
                      size={24}
                      aria-label={`${ui('remove')}: ${tag}`}
                      loading={remove.isPending && remove.variables === tag}
                      onClick={() => remove.mutate(tag)}
                    >
                      <IconX size={12} />
                    </ActionIcon>
                  )
                }
              >
                {tag}
              </Badge>
            ))}
          </Group>
        )}
        <ProblemNote error={remove.error} />
        {mayWrite && (
          <form onSubmit={submit} noValidate>
            <Group gap="xs" align="flex-end" wrap="nowrap">
              <TextInput label={say('tag.new')} maxLength={50} flex={1} {...form.getInputProps('tag')} />
              <Button type="submit" variant="default" loading={pending}>
                {ui('add')}
              </Button>
            </Group>
            {note}
          </form>
        )}
      </Stack>
    </Section>
  )
}
