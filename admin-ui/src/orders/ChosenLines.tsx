import { ActionIcon, NumberInput, Table, Text } from '@mantine/core'
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
import { useSay } from '../i18n'
import { money } from '../ui/format'
import { uiWords } from '../ui/words'
import { orderWords } from './words'

export type Chosen = {
  variant_id: string
  sku: string
  title: string
  price: number
  quantity: number
  min: number
  max?: number
  step: number
}

type Props = { lines: Chosen[]; currency: string; onChange: (lines: Chosen[]) => void }

/** What was chosen for an order, with quantities that obey the product's rule. */
export function ChosenLines({ lines, currency, onChange }: Props) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  if (lines.length === 0) return null
  const change = (id: string, quantity: number) =>
    onChange(lines.map(line => (line.variant_id === id ? { ...line, quantity } : line)))
  return (
    <Table verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{say('item')}</Table.Th>
          <Table.Th scope="col" w={110}>
            {say('quantity')}
          </Table.Th>
          <Table.Th scope="col" ta="right">
            {say('sum')}
          </Table.Th>
          <Table.Th scope="col" w={40} aria-label={ui('actions')} />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {lines.map(line => (
          <Table.Tr key={line.variant_id}>
            <Table.Th scope="row" fw={400}>
              <Text size="sm">{line.title}</Text>
              <Text size="xs" c="dimmed">
                {line.sku}
              </Text>
            </Table.Th>
            <Table.Td>
              <NumberInput
                aria-label={`${say('quantity')}: ${line.title}`}
                min={line.min}
                max={line.max}
                step={line.step}
                allowDecimal={false}
                value={line.quantity}
                onChange={value => change(line.variant_id, Math.max(line.min, Number(value) || line.min))}
              />
            </Table.Td>
            <Table.Td ta="right">{money(line.price * line.quantity, currency)}</Table.Td>
            <Table.Td>
              <ActionIcon
                aria-label={`${ui('remove')}: ${line.title}`}
                onClick={() => onChange(lines.filter(one => one !== line))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
