import { Checkbox, NumberInput, Stack, Switch, Text, Textarea } from '@mantine/core'
import { useSay } from '../i18n'
import { nameOf } from '../products/ProductsPage'
import { MoneyInput } from '../ui/MoneyInput'
import { Section } from '../ui/Section'
import type { SettingsForm } from './SettingsPage'
import { settingWords } from './words'

/** How orders are handled, and how long they may take. */
export function Orders({ form }: { form: SettingsForm }) {
  const say = useSay(settingWords)
  return (
    <Section title={say('orders')}>
      <Stack gap="sm">
        <Switch
          label={say('confirm')}
          description={say('confirm.hint')}
          {...form.getInputProps('order.confirm_orders', { type: 'checkbox' })}
        />
        <NumberInput
          label={say('unpaid')}
          description={say('unpaid.hint')}
          min={5}
          max={43_200}
          allowDecimal={false}
          {...form.getInputProps('order.unpaid_expiry_minutes')}
        />
        <NumberInput
          label={say('ship')}
          min={1}
          max={720}
          allowDecimal={false}
          {...form.getInputProps('order.ship_within_hours')}
        />
      </Stack>
    </Section>
  )
}

/** What shoppers may choose beside the payment plugins. */
export function HandPayments({ form }: { form: SettingsForm }) {
  const say = useSay(settingWords)
  const { hand_payments } = form.values.order
  return (
    <Section title={say('hand')}>
      <Stack gap="sm">
        <Checkbox.Group label={say('hand.offer')} {...form.getInputProps('order.hand_payments')}>
          <Stack gap={6} mt={4}>
            <Checkbox value="on_delivery" label={say('hand.on_delivery')} />
            <Checkbox value="manual" label={say('hand.manual')} />
          </Stack>
        </Checkbox.Group>
        {hand_payments.length === 0 && (
          <Text size="sm" role="status" c="dimmed">
            {say('hand.none')}
          </Text>
        )}
        {hand_payments.includes('manual') &&
          form.values.languages.map((language, index) => (
            <Textarea
              key={language}
              lang={language}
              label={say('transfer', { language: nameOf(language) })}
              description={index === 0 ? say('transfer.hint') : undefined}
              autosize
              minRows={3}
              maxLength={2000}
              {...form.getInputProps(`order.transfer_instructions.${language}`)}
              value={form.values.order.transfer_instructions[language] ?? ''}
              {...(index === 0 && {
                'data-path': 'order.transfer_instructions', // where the refusal of all of them is shown
                error:
                  form.errors['order.transfer_instructions'] ?? form.errors[`order.transfer_instructions.${language}`],
              })}
            />
          ))}
      </Stack>
    </Section>
  )
}

/** What it costs to have an order sent. */
export function Delivery({ form, currency }: { form: SettingsForm; currency: string }) {
  const say = useSay(settingWords)
  return (
    <Section title={say('delivery')}>
      <Stack gap="sm">
        <MoneyInput
          label={say('delivery.price')}
          description={say('delivery.price.hint')}
          currency={currency}
          {...form.getInputProps('order.shipping_price')}
        />
        <MoneyInput
          label={say('delivery.free')}
          description={say('delivery.free.hint')}
          currency={currency}
          {...form.getInputProps('order.shipping_free_from')}
        />
      </Stack>
    </Section>
  )
}
