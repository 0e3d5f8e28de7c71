import { Alert, Button, Grid, Group, Radio, Select, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { newKey } from '../api/client'
import { useTenant } from '../api/session'
import { choices } from '../auth/places'
import { isEmail } from '../auth/rules'
import { authWords } from '../auth/words'
import { useSay } from '../i18n'
import { locationsQuery } from '../inventory/api'
import { useGo } from '../ui/A'
import { useSendForm } from '../ui/form'
import { money } from '../ui/format'
import { Page } from '../ui/Page'
import { Fact, Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { type NewOrder, placeOrder } from './api'
import { type Chosen, ChosenLines } from './ChosenLines'
import { countryCodes } from './countries'
import { VariantPicker } from './VariantPicker'
import { orderWords } from './words'

export function NewOrderPage() {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const auth = useSay(authWords)
  const go = useGo()
  const client = useQueryClient()
  const { currency, country, settings } = useTenant()
  const locations = useQuery(locationsQuery)
  const places = (locations.data?.items ?? []).filter(place => place.active)
  const [lines, setLines] = useState<Chosen[]>([])
  const [isEmpty, setIsEmpty] = useState(false)
  const [key] = useState(newKey)

  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      name: '',
      email: '',
      phone: '',
      fulfilment_type: 'pickup' as NewOrder['fulfilment_type'],
      location_id: '' as string | null,
      street: '',
      street2: '',
      city: '',
      region: '',
      postal_code: '',
      country,
      method: 'manual',
      note: '',
    },
    validate: {
      email: v => (v && !isEmail(v) ? auth('email.invalid') : null),
      street: (v, all) => (all.fulfilment_type === 'ship' && !v.trim() ? ui('required') : null),
      city: (v, all) => (all.fulfilment_type === 'ship' && !v.trim() ? ui('required') : null),
      name: (v, all) => (all.fulfilment_type === 'ship' && !v.trim() ? ui('required') : null),
    },
    send: values =>
      placeOrder(toOrder({ ...values, location_id: values.location_id || (places[0]?.id ?? null) }, lines), key),
    done: order => {
      void client.invalidateQueries({ queryKey: ['orders'] })
      go(`/orders/${order.id}`)
    },
  })
  const type = form.values.fulfilment_type
  const goods = lines.reduce((sum, line) => sum + line.price * line.quantity, 0)
  const { shipping_price, shipping_free_from } = settings.order
  const isFree = shipping_free_from > 0 && goods >= shipping_free_from
  const delivery = type === 'ship' && goods > 0 && !isFree ? shipping_price : 0

  return (
    <Page title={say('new.title')} lead={say('new.lead')}>
      <form
        noValidate
        onSubmit={event => {
          event.preventDefault()
          setIsEmpty(lines.length === 0)
          if (lines.length > 0) submit(event)
        }}
      >
        <Grid>
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <Section title={say('lines')}>
              <Stack>
                <VariantPicker
                  onPick={chosen => {
                    setIsEmpty(false)
                    setLines(old => withLine(old, chosen))
                  }}
                />
                <ChosenLines lines={lines} currency={currency} onChange={setLines} />
                {isEmpty && (
                  <Alert color="red" role="alert">
                    {say('new.empty')}
                  </Alert>
                )}
              </Stack>
            </Section>
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <Stack>
              <Section title={say('customer')}>
                <Stack gap="sm">
                  <TextInput label={say('field.name')} required={type === 'ship'} {...form.getInputProps('name')} />
                  <SimpleGrid cols={{ base: 1, xs: 2 }}>
                    <TextInput label={say('field.email')} type="email" {...form.getInputProps('email')} />
                    <TextInput label={say('field.phone')} type="tel" {...form.getInputProps('phone')} />
                  </SimpleGrid>
                  <Textarea
                    label={say('field.note')}
                    autosize
                    minRows={1}
                    maxLength={2000}
                    {...form.getInputProps('note')}
                  />
                </Stack>
              </Section>
              <Section title={say('fulfilment')}>
                <Stack gap="sm">
                  <Radio.Group label={say('new.type')} {...form.getInputProps('fulfilment_type')}>
                    <Group mt={4}>
                      <Radio value="pickup" label={say('type.pickup')} />
                      <Radio value="ship" label={say('type.ship')} />
                      <Radio value="digital" label={say('type.digital')} />
                    </Group>
                  </Radio.Group>
                  {type === 'pickup' && places.length > 1 && (
                    <Select
                      label={say('new.location')}
                      data={places.map(place => ({ value: place.id, label: place.name }))}
                      {...form.getInputProps('location_id')}
                      value={form.values.location_id || places[0]?.id}
                      allowDeselect={false}
                    />
                  )}
                  {type === 'ship' && (
                    <>
                      <TextInput label={say('field.street')} required {...form.getInputProps('street')} />
                      <TextInput label={say('field.street2')} {...form.getInputProps('street2')} />
                      <SimpleGrid cols={{ base: 1, xs: 2 }}>
                        <TextInput label={say('field.city')} required {...form.getInputProps('city')} />
                        <TextInput label={say('field.postal')} {...form.getInputProps('postal_code')} />
                        <TextInput label={say('field.region')} {...form.getInputProps('region')} />
                        <Select
                          label={say('field.country')}
                          searchable
                          data={choices(countryCodes(), 'region')}
                          {...form.getInputProps('country')}
                        />
                      </SimpleGrid>
                    </>
                  )}
                </Stack>
              </Section>
              <Section title={say('payment')}>
                <Radio.Group label={say('new.method')} {...form.getInputProps('method')}>
                  <Stack gap={6} mt={4}>
                    <Radio value="manual" label={say('new.method.manual')} />
                    <Radio value="on_delivery" label={say('new.method.on_delivery')} />
                  </Stack>
                </Radio.Group>
              </Section>
              {note}
              {delivery > 0 && (
                <dl style={{ margin: 0 }}>
                  <Fact term={say('subtotal')}>{money(goods, currency)}</Fact>
                  <Fact term={say('shipping')}>{money(delivery, currency)}</Fact>
                </dl>
              )}
              <Button type="submit" size="md" loading={pending}>
                {say('new.go', { amount: money(goods + delivery, currency) })}
              </Button>
            </Stack>
          </Grid.Col>
        </Grid>
      </form>
    </Page>
  )
}

type Values = {
  name: string
  email: string
  phone: string
  fulfilment_type: NewOrder['fulfilment_type']
  location_id: string | null
  street: string
  street2: string
  city: string
  region: string
  postal_code: string
  country: string
  method: string
  note: string
}

function toOrder(v: Values, lines: Chosen[]): NewOrder {
  const customer = filled({ name: v.name, email: v.email, phone: v.phone })
  return {
    fulfilment_type: v.fulfilment_type,
    lines: lines.map(({ variant_id, quantity }) => ({ variant_id, quantity })),
    payment: { method: v.method },
    ...(Object.keys(customer).length > 0 && { customer }),
    ...(v.fulfilment_type === 'pickup' && v.location_id && { location_id: v.location_id }),
    ...(v.fulfilment_type === 'ship' && {
      shipping_address: {
        name: v.name.trim(),
        lines: [v.street, v.street2].map(line => line.trim()).filter(Boolean),
        city: v.city.trim(),
        country: v.country,
        ...filled({ region: v.region, postal_code: v.postal_code, phone: v.phone }),
      },
    }),
    ...(v.note.trim() && { note: v.note.trim() }),
  }
}

function filled(fields: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(fields)
      .map(([name, text]) => [name, text.trim()] as const)
      .filter(([, text]) => text),
  )
}

function withLine(lines: Chosen[], chosen: Chosen) {
  const there = lines.find(line => line.variant_id === chosen.variant_id)
  if (!there) return [...lines, chosen]
  return lines.map(line => (line === there ? { ...line, quantity: line.quantity + 1 } : line))
}
