import { Alert, Anchor, Badge, Button, Grid, Group, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { nameOf } from '../products/ProductsPage'
import { A } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { dateTime, money, number } from '../ui/format'
import { Loaded, Page } from '../ui/Page'
import { Fact, Section } from '../ui/Section'
import { Status } from '../ui/Status'
import { uiWords } from '../ui/words'
import { type CustomerDetail, customerQuery, eraseCustomer } from './api'
import { CustomerDialog } from './CustomerDialog'
import { customerWords } from './words'

export function CustomerPage() {
  const say = useSay(customerWords)
  const can = useCan()
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const query = useQuery(customerQuery(id))
  const [open, setOpen] = useState<'edit' | 'erase'>()
  const customer = query.data
  const isErased = Boolean(customer?.erased_at)
  return (
    <Page
      title={customer ? nameText(customer, say('erased.name')) : say('customer')}
      back={
        <A to="/customers" size="sm">
          ‹ {say('title')}
        </A>
      }
      badge={customer && <Badge color="gray">{say(`kind.${customer.kind}`)}</Badge>}
      actions={
        customer &&
        !isErased && (
          <>
            {can('customers:erase') && (
              <Button variant="default" onClick={() => setOpen('erase')}>
                {say('erase')}
              </Button>
            )}
            {can('customers:write') && <Button onClick={() => setOpen('edit')}>{say('edit')}</Button>}
          </>
        )
      }
    >
      <Loaded query={query}>{customer => <Detail customer={customer} />}</Loaded>
      {open === 'edit' && customer && <CustomerDialog customer={customer} onClose={() => setOpen(undefined)} />}
      {open === 'erase' && customer && <Erase customer={customer} onClose={() => setOpen(undefined)} />}
    </Page>
  )
}

function nameText(customer: CustomerDetail, erased: string) {
  return customer.erased_at ? erased : customer.name || customer.email || customer.id.slice(-8)
}

function Detail({ customer }: { customer: CustomerDetail }) {
  const say = useSay(customerWords)
  const tenant = useTenant()
  const at = (iso: string) => dateTime(iso, tenant.time_zone)
  const consentText = (kind: string) => {
    const key = `consent.${kind}`
    return key in customerWords.en ? say(key as 'consent.marketing_email') : kind.replaceAll('_', ' ')
  }
  return (
    <Stack>
      {customer.erased_at && <Alert color="gray">{say('erased', { at: at(customer.erased_at) })}</Alert>}
      <Grid>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Stack>
            <Section title={say('contact')}>
              <Stack gap={4} component="dl" m={0}>
                <Fact term={say('email')}>
                  {customer.email ? (
                    <Group gap={6} justify="flex-end">
                      <Anchor size="sm" href={`mailto:${customer.email}`}>
                        {customer.email}
                      </Anchor>
                      {customer.kind === 'account' && (
                        <Status tone={customer.email_confirmed ? 'good' : 'waiting'}>
                          {customer.email_confirmed ? say('confirmed') : say('unconfirmed')}
                        </Status>
                      )}
                    </Group>
                  ) : (
                    '–'
                  )}
                </Fact>
                <Fact term={say('phone')}>{customer.phone || '–'}</Fact>
                <Fact term={say('language')}>{customer.language ? nameOf(customer.language) : '–'}</Fact>
                <Fact term={say('since')}>{at(customer.created_at)}</Fact>
              </Stack>
              {customer.note && (
                <Text size="sm" mt="sm" style={{ whiteSpace: 'pre-line' }}>
                  {customer.note}
                </Text>
              )}
            </Section>
            <Section title={say('addresses')}>
              {customer.addresses.length === 0 && (
                <Text size="sm" c="dimmed">
                  {say('addresses.none')}
                </Text>
              )}
              <Stack gap="sm">
                {customer.addresses.map(address => (
                  <Group key={address.id} align="flex-start" justify="space-between">
                    <Text size="sm" component="address" style={{ fontStyle: 'normal', whiteSpace: 'pre-line' }}>
                      {[
                        address.label,
                        address.name,
                        ...(address.lines ?? []),
                        [address.postal_code, address.city].filter(Boolean).join(' '),
                        address.country,
                      ]
                        .filter(Boolean)
                        .join('\n')}
                    </Text>
                    {address.is_default && <Badge color="gray">{say('default')}</Badge>}
                  </Group>
                ))}
              </Stack>
            </Section>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Stack>
            <Section
              title={say('bought')}
              actions={
                <A to="/orders" search={{ customer_id: customer.id }} size="sm">
                  {say('orders.all')}
                </A>
              }
            >
              <Stack gap={4} component="dl" m={0}>
                <Fact term={say('orders')}>{number(customer.orders?.orders ?? 0)}</Fact>
                <Fact term={say('spent')}>
                  {money(customer.orders?.total ?? 0, customer.orders?.currency || tenant.currency)}
                </Fact>
                <Fact term={say('last')}>{customer.orders?.last_at ? at(customer.orders.last_at) : '–'}</Fact>
              </Stack>
            </Section>
            <Section title={say('history')}>
              {customer.consent_history.length === 0 && (
                <Text size="sm" c="dimmed">
                  {say('consents.none')}
                </Text>
              )}
              <Stack gap={6}>
                {customer.consent_history.map(one => (
                  <Group key={one.kind + one.at} justify="space-between">
                    <Text size="sm">{consentText(one.kind)}</Text>
                    <Group gap="xs">
                      <Status tone={one.granted ? 'good' : 'over'}>
                        {one.granted ? say('granted') : say('revoked')}
                      </Status>
                      <Text size="xs" c="dimmed">
                        {at(one.at)} · {one.source}
                      </Text>
                    </Group>
                  </Group>
                ))}
              </Stack>
            </Section>
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  )
}

function Erase({ customer, onClose }: { customer: CustomerDetail; onClose: () => void }) {
  const say = useSay(customerWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const word = customer.email || customer.name || customer.id.slice(-8)
  const { form, submit, note, pending } = useSendForm({
    initialValues: { reason: '', word: '' },
    validate: {
      word: v => (v.trim() === word ? null : say('erase.confirm', { word })),
      reason: v => (v.trim() ? null : ui('required')),
    },
    send: ({ reason }) => eraseCustomer(customer.id, reason.trim()),
    done: () => {
      void client.invalidateQueries({ queryKey: ['customers'] })
      void client.invalidateQueries({ queryKey: ['orders'] })
      onClose()
    },
  })
  return (
    <Dialog
      title={say('erase.title', { name: nameText(customer, '') })}
      lead={say('erase.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('erase')}
      danger
    >
      <TextInput
        label={say('erase.reason')}
        required
        maxLength={500}
        data-autofocus
        {...form.getInputProps('reason')}
      />
      <TextInput label={say('erase.confirm', { word })} autoComplete="off" required {...form.getInputProps('word')} />
    </Dialog>
  )
}
