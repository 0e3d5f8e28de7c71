import { ActionIcon, Button, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core'
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
import { useQueryClient } from '@tanstack/react-query'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { uiWords } from '../ui/words'
import { type Location, receive, transfer } from './api'
import { inventoryWords } from './words'

type Props = { kind: 'transfer' | 'receive'; places: Location[]; onClose: () => void }

/** Goods that came in, or that go from one location to another. */
export function GoodsDialog({ kind, places, onClose }: Props) {
  const say = useSay(inventoryWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      from: places[0]?.id ?? '',
      to: (kind === 'transfer' ? places[1] : places[0])?.id ?? '',
      reason: '',
      lines: [{ sku: '', quantity: 1 }],
    },
    validate: {
      to: (v, all) => (kind === 'transfer' && v === all.from ? say('transfer.same') : null),
      reason: v => (kind === 'receive' && !v.trim() ? ui('required') : null),
      lines: { sku: v => (v.trim() ? null : ui('required')) },
    },
    send: ({ from, to, reason, lines }) => {
      const goods = lines.map(line => ({ sku: line.sku.trim(), quantity: Number(line.quantity) }))
      return kind === 'transfer'
        ? transfer({ from_location_id: from, to_location_id: to, lines: goods })
        : receive({ location_id: to, reason: reason.trim(), lines: goods })
    },
    done: () => {
      void client.invalidateQueries({ queryKey: ['inventory'] })
      void client.invalidateQueries({ queryKey: ['products'] })
      onClose()
    },
  })
  const options = places.filter(place => place.active).map(place => ({ value: place.id, label: place.name }))
  return (
    <Dialog
      title={kind === 'transfer' ? say('transfer.title') : say('receive')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={kind === 'transfer' ? say('transfer') : say('receive')}
    >
      {kind === 'transfer' && (
        <Select label={say('transfer.from')} allowDeselect={false} data={options} {...form.getInputProps('from')} />
      )}
      <Select
        label={kind === 'transfer' ? say('transfer.to') : say('location')}
        allowDeselect={false}
        data={options}
        {...form.getInputProps('to')}
      />
      <Stack gap="xs">
        {form.values.lines.map((_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its place
          <Group key={index} align="flex-start" wrap="nowrap">
            <TextInput
              label={say('line.sku')}
              flex={1}
              spellCheck={false}
              maxLength={100}
              {...form.getInputProps(`lines.${index}.sku`)}
            />
            <NumberInput
              label={say('line.quantity')}
              w={110}
              min={1}
              allowDecimal={false}
              {...form.getInputProps(`lines.${index}.quantity`)}
            />
            <ActionIcon
              mt={26}
              size={34}
              aria-label={say('line.remove')}
              disabled={form.values.lines.length === 1}
              onClick={() => form.removeListItem('lines', index)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        <Button
          size="xs"
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          onClick={() => form.insertListItem('lines', { sku: '', quantity: 1 })}
        >
          {say('line.add')}
        </Button>
      </Stack>
      {kind === 'receive' && (
        <TextInput label={say('receive.reference')} required maxLength={200} {...form.getInputProps('reason')} />
      )}
    </Dialog>
  )
}
