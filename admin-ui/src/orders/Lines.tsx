import { Group, Image, Stack, Table, Text } from '@mantine/core'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { money } from '../ui/format'
import { Fact, Section } from '../ui/Section'
import type { Line, Order } from './api'
import { orderWords } from './words'

export function Lines({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const sum = (minor: number) => money(minor, order.currency)
  const due = order.total - order.paid_total + order.refunded_total
  return (
    <Section title={say('lines')}>
      <Table.ScrollContainer minWidth={460} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('item')}</Table.Th>
              <Table.Th scope="col" ta="right">
                {say('price')}
              </Table.Th>
              <Table.Th scope="col" ta="right">
                {say('quantity')}
              </Table.Th>
              <Table.Th scope="col" ta="right">
                {say('sum')}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {order.lines.map(line => (
              <Table.Tr key={line.line}>
                <Table.Th scope="row" fw={400}>
                  <Item line={line} />
                </Table.Th>
                <Table.Td ta="right">{sum(line.unit_price)}</Table.Td>
                <Table.Td ta="right">{line.quantity}</Table.Td>
                <Table.Td ta="right">{sum(line.total)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Stack component="dl" gap={2} maw={320} ml="auto" mt="sm" mb={0}>
        <Fact term={say('subtotal')}>{sum(order.subtotal)}</Fact>
        {order.discount_total !== 0 && <Fact term={say('discount')}>{sum(-order.discount_total)}</Fact>}
        {order.shipping_total !== 0 && <Fact term={say('shipping')}>{sum(order.shipping_total)}</Fact>}
        {order.tax_total !== 0 && (
          <Fact term={order.tax_included ? say('tax.included') : say('tax')}>{sum(order.tax_total)}</Fact>
        )}
        <Fact term={say('total')}>
          <Text span fw={650}>
            {sum(order.total)}
          </Text>
        </Fact>
        <Fact term={say('paid')}>{sum(order.paid_total)}</Fact>
        {order.refunded_total > 0 && <Fact term={say('refunded')}>{sum(order.refunded_total)}</Fact>}
        {due > 0 && order.status !== 'cancelled' && order.status !== 'expired' && order.refunded_total === 0 && (
          <Fact term={say('due')}>{sum(due)}</Fact>
        )}
      </Stack>
    </Section>
  )
}

function Item({ line }: { line: Line }) {
  const say = useSay(orderWords)
  const options = Object.values(line.options ?? {}).join(', ')
  return (
    <Group gap="sm" wrap="nowrap">
      {line.image && <Image src={line.image} alt="" w={40} h={40} radius="sm" fit="cover" />}
      <div>
        <Text size="sm">{inWords(line.title) || line.sku}</Text>
        <Text size="xs" c="dimmed">
          {[line.sku, options].filter(Boolean).join(' · ')}
        </Text>
        <Text size="xs" c="dimmed">
          {say('line.state', { fulfilled: line.fulfilled, quantity: line.quantity - line.cancelled })}
          {line.cancelled > 0 && ` · ${say('line.cancelled', { count: line.cancelled })}`}
        </Text>
      </div>
    </Group>
  )
}
