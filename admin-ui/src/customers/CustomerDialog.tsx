import { Checkbox, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useTenant } from '../api/session'
import { isEmail } from '../auth/rules'
import { authWords } from '../auth/words'
import { useSay } from '../i18n'
import { nameOf } from '../products/ProductsPage'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { uiWords } from '../ui/words'
import { type Customer, changeCustomer, createCustomer } from './api'
import { customerWords } from './words'

export const consentKinds = ['marketing_email', 'marketing_sms'] as const

type Props = { customer?: Customer; onClose: () => void; onSaved?: (customer: Customer) => void }

export function CustomerDialog({ customer, onClose, onSaved }: Props) {
  const say = useSay(customerWords)
  const ui = useSay(uiWords)
  const auth = useSay(authWords)
  const tenant = useTenant()
  const client = useQueryClient()
  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      name: customer?.name ?? '',
      email: customer?.email ?? '',
      phone: customer?.phone ?? '',
      language: customer?.language || tenant.language,
      note: customer?.note ?? '',
      agreed: consentKinds.filter(kind => customer?.consents?.[kind]?.granted) as string[],
    },
    validate: {
      name: v => (v.trim() ? null : ui('required')),
      email: v => (!v.trim() || isEmail(v) ? null : auth('email.invalid')),
    },
    send: ({ agreed, ...texts }) => {
      // Only what changed its answer: a consent is a statement of its own, with a date.
      const consents = Object.fromEntries(
        consentKinds
          .filter(kind => agreed.includes(kind) !== (customer?.consents?.[kind]?.granted ?? false))
          .map(kind => [kind, agreed.includes(kind)]),
      )
      const body = {
        ...texts,
        name: texts.name.trim(),
        email: texts.email.trim(),
        phone: texts.phone.trim(),
        ...(Object.keys(consents).length > 0 && { consents }),
      }
      return customer ? changeCustomer(customer.id, { ...body, version: customer.version }) : createCustomer(body)
    },
    done: saved => {
      void client.invalidateQueries({ queryKey: ['customers'] })
      onSaved?.(saved)
      onClose()
    },
  })
  return (
    <Dialog
      title={customer ? say('edit') : say('new')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={ui('save')}
    >
      <TextInput label={say('name')} required maxLength={200} data-autofocus {...form.getInputProps('name')} />
      <TextInput label={say('email')} type="email" maxLength={254} {...form.getInputProps('email')} />
      <TextInput label={say('phone')} type="tel" maxLength={40} {...form.getInputProps('phone')} />
      <Select
        label={say('language')}
        allowDeselect={false}
        data={[...new Set([...(tenant.languages ?? []), form.values.language])]
          .filter(Boolean)
          .map(value => ({ value, label: nameOf(value) }))}
        {...form.getInputProps('language')}
      />
      <Textarea
        label={say('note')}
        description={say('note.hint')}
        autosize
        minRows={2}
        maxLength={5000}
        {...form.getInputProps('note')}
      />
      <Checkbox.Group {...form.getInputProps('agreed')} aria-label={say('consents')}>
        <Stack gap="xs">
          <Text size="sm" fw={500}>
            {say('consents')}
          </Text>
          {consentKinds.map(kind => (
            <Checkbox key={kind} value={kind} label={say(`consent.${kind}`)} />
          ))}
        </Stack>
      </Checkbox.Group>
    </Dialog>
  )
}
