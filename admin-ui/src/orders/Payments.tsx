import { Group, Stack, Text } from '@mantine/core'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { dateTime, money } from '../ui/format'
import { Section } from '../ui/Section'
import type { Order } from './api'
import { PaymentStatus } from './Statuses'
import { orderWords } from './words'

export function Payments({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const { time_zone } = useTenant()
  return (
    <Section title={say('payments')}>
      {order.payments.length === 0 && (
        <Text size="sm" c="dimmed">
          {say('payments.none')}
        </Text>
      )}
      <Stack gap="sm">
        {order.payments.map(payment => (
          <Group key={payment.id} justify="space-between" align="flex-start" gap="xs">
            <div>
              <Text size="sm" fw={600}>
                {methodName(payment.method, say)}
              </Text>
              <Text size="xs" c="dimmed">
                {dateTime(payment.created_at, time_zone)}
              </Text>
              {payment.reason && (
                <Text size="xs" c="dimmed">
                  {payment.reason}
                </Text>
              )}
            </div>
            <Group gap="sm">
              <PaymentStatus of={payment.status} />
              <Text size="sm" className="tabular">
                {money(payment.amount, payment.currency)}
                {payment.refunded > 0 && ` (${say('refunded')} ${money(payment.refunded, payment.currency)})`}
              </Text>
            </Group>
          </Group>
        ))}
      </Stack>
    </Section>
  )
}

export function methodName(method: string, say: (key: 'payments.manual' | 'payments.on_delivery') => string) {
  const key = `payments.${method}`
  if (key in orderWords.en) return say(key as 'payments.manual')
  return method.split('/').at(-1) ?? method
}
