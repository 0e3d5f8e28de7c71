import {
  Alert,
  Anchor,
  Button,
  MultiSelect,
  Select,
  SimpleGrid,
  Stack,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { asProblem } from '../api/problem'
import { useCan } from '../api/session'
import { languages, useSay } from '../i18n'
import { DirtyGuard, SaveBar } from '../ui/dirty'
import { useSendForm } from '../ui/form'
import { Loaded, Page } from '../ui/Page'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { changeTenant, type Tenant, tenantQuery } from './api'
import { CloseShop } from './CloseShop'
import { isColor } from './contrast'
import { Hosts } from './Hosts'
import { Look } from './Look'
import { Delivery, HandPayments, Orders } from './Selling'
import { Usage } from './Usage'
import { settingWords } from './words'

export function SettingsPage() {
  const say = useSay(settingWords)
  const query = useQuery(tenantQuery)
  return (
    <Page
      title={say('title')}
      actions={
        <Anchor href="/api/docs" target="_blank" rel="noreferrer" size="sm">
          {say('apiDocs')}
        </Anchor>
      }
    >
      <Loaded query={query}>
        {tenant => (
          <Stack>
            <Usage />
            <Form key={tenant.version} tenant={tenant} />
            <Hosts />
            <CloseShop tenant={tenant} />
          </Stack>
        )}
      </Loaded>
    </Page>
  )
}

type Values = ReturnType<typeof valuesOf>
export type SettingsForm = UseFormReturnType<Values>

function valuesOf({ settings, ...tenant }: Tenant) {
  const { order, branding } = settings
  return {
    name: tenant.name,
    language: tenant.language,
    languages: tenant.languages,
    time_zone: tenant.time_zone,
    contact: { email: '', phone: '', address: '', ...settings.contact },
    order: {
      ...order,
      shipping_price: (order.shipping_price || null) as number | null,
      shipping_free_from: (order.shipping_free_from || null) as number | null,
      transfer_instructions: order.transfer_instructions ?? {},
    },
    branding: { color: branding.color ?? '', logo_media_id: branding.logo_media_id },
    cors_origins: settings.cors_origins,
  }
}

/** An emptied amount is none. */
function changeOf({ order, ...values }: Values) {
  return {
    ...values,
    order: {
      ...order,
      shipping_price: order.shipping_price ?? 0,
      shipping_free_from: order.shipping_free_from ?? 0,
    },
  }
}

function Form({ tenant }: { tenant: Tenant }) {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const isLeaving = useRef(false)
  const { form, submit, note, pending, error } = useSendForm({
    initialValues: valuesOf(tenant),
    validate: {
      name: v => (v.trim() ? null : ui('required')),
      languages: v => (v.length > 0 ? null : say('languages.least')),
      branding: { color: v => (v === '' || isColor(v) ? null : say('color.invalid')) },
      order: {
        transfer_instructions: (texts, { order }) =>
          order.hand_payments.includes('manual') && !Object.values(texts).some(text => text?.trim())
            ? say('transfer.needed')
            : null,
      },
    },
    send: values => changeTenant({ ...changeOf(values), version: tenant.version }),
    done: saved => {
      isLeaving.current = true
      notifications.show({ message: say('saved') })
      client.setQueryData(tenantQuery.queryKey, saved)
      void client.invalidateQueries({ queryKey: ['me'] })
    },
  })
  const isConflict = error ? asProblem(error).code === 'version_conflict' : false
  const readOnly = !can('settings:write')

  return (
    <form onSubmit={submit} noValidate>
      <fieldset disabled={readOnly} style={{ border: 0, margin: 0, padding: 0, minInlineSize: 0 }}>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Section title={say('profile')}>
            <Stack gap="sm">
              <TextInput label={say('name')} required maxLength={200} {...form.getInputProps('name')} />
              <MultiSelect label={say('languages')} data={options()} {...form.getInputProps('languages')} />
              <Select
                label={say('language')}
                allowDeselect={false}
                data={options().filter(one => form.values.languages.includes(one.value))}
                {...form.getInputProps('language')}
              />
              <TextInput
                label={say('currency')}
                description={say('currency.fixed')}
                value={tenant.currency}
                readOnly
                disabled
              />
              <Select
                label={say('timeZone')}
                searchable
                allowDeselect={false}
                data={Intl.supportedValuesOf('timeZone')}
                {...form.getInputProps('time_zone')}
              />
            </Stack>
          </Section>
          <Section title={say('contact')}>
            <Stack gap="sm">
              <TextInput label={say('email')} type="email" maxLength={200} {...form.getInputProps('contact.email')} />
              <TextInput label={say('phone')} type="tel" maxLength={50} {...form.getInputProps('contact.phone')} />
              <Textarea
                label={say('address')}
                autosize
                minRows={2}
                maxLength={500}
                {...form.getInputProps('contact.address')}
              />
            </Stack>
          </Section>
          <Stack>
            <Orders form={form} />
            <Delivery form={form} currency={tenant.currency} />
          </Stack>
          <HandPayments form={form} />
          <Look form={form} tenant={tenant} readOnly={readOnly} />
          <Section title={say('programs')}>
            <TagsInput
              label={say('cors')}
              description={say('cors.hint')}
              maxTags={20}
              {...form.getInputProps('cors_origins')}
            />
          </Section>
        </SimpleGrid>
      </fieldset>
      <Stack mt="md" gap="sm">
        {isConflict ? (
          <Alert color="yellow" role="alert" title={say('conflict')}>
            <Button size="xs" onClick={() => void client.resetQueries({ queryKey: tenantQuery.queryKey })}>
              {say('conflict.load')}
            </Button>
          </Alert>
        ) : (
          note
        )}
        {!readOnly && <SaveBar pending={pending} dirty={form.isDirty()} label={say('save')} />}
      </Stack>
      <DirtyGuard isDirty={() => form.isDirty() && !isLeaving.current} />
    </form>
  )
}

function options() {
  return Object.entries(languages).map(([value, label]) => ({ value, label }))
}
