import { Button, Group, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { Section } from '../ui/Section'
import { closeTenant, type Tenant } from './api'
import { settingWords } from './words'

export function CloseShop({ tenant }: { tenant: Tenant }) {
  const say = useSay(settingWords)
  const can = useCan()
  const [isOpen, setIsOpen] = useState(false)
  if (!can('account:write')) return null
  return (
    <Section title={say('close')}>
      <Group justify="space-between">
        <Text size="sm">{say('close.text')}</Text>
        <Button variant="light" color="red" onClick={() => setIsOpen(true)}>
          {say('close')}
        </Button>
      </Group>
      {isOpen && <Confirm tenant={tenant} onClose={() => setIsOpen(false)} />}
    </Section>
  )
}

function Confirm({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const say = useSay(settingWords)
  const client = useQueryClient()
  const navigate = useNavigate()
  const word = say('close.confirm', { slug: tenant.slug })
  const { form, submit, note, pending } = useSendForm({
    initialValues: { confirm: '' },
    validate: { confirm: v => (v.trim() === tenant.slug ? null : word) },
    send: ({ confirm }) => closeTenant(confirm.trim()),
    done: () => {
      client.clear()
      void navigate({ to: '/login' })
    },
  })
  return (
    <Dialog
      title={say('close.title', { name: tenant.name })}
      lead={say('close.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('close')}
      danger
    >
      <TextInput label={word} autoComplete="off" data-autofocus {...form.getInputProps('confirm')} />
    </Dialog>
  )
}
