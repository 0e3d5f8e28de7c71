import { Alert, Anchor, Button, Stack, TextInput } from '@mantine/core'
import { Link, useSearch } from '@tanstack/react-router'
import { useSay } from '../i18n'
import { useSendForm } from '../ui/form'
import { AuthFrame } from './AuthFrame'
import { forgot, shopOfHost } from './api'
import { isEmail } from './rules'
import { authWords } from './words'

export function ForgotPage() {
  const say = useSay(authWords)
  const search = useSearch({ strict: false }) as { shop?: string }
  const hostShop = shopOfHost(location.hostname)
  const { form, submit, note, pending, sent } = useSendForm({
    initialValues: { shop: search.shop ?? hostShop, email: '' },
    validate: {
      shop: v => (v.trim() ? null : say('required')),
      email: v => (isEmail(v) ? null : say('email.invalid')),
    },
    send: ({ shop, email }) => forgot({ shop: shop.trim(), email: email.trim() }),
  })
  return (
    <AuthFrame
      title={say('forgot.title')}
      lead={say('forgot.lead')}
      below={
        <Anchor component={Link} to="/login" size="sm">
          {say('signIn')}
        </Anchor>
      }
    >
      {sent ? (
        <Alert role="status">{say('forgot.sent')}</Alert>
      ) : (
        <form onSubmit={submit} noValidate>
          <Stack>
            {!hostShop && (
              <TextInput label={say('shop')} description={say('shop.hint')} required {...form.getInputProps('shop')} />
            )}
            <TextInput
              label={say('email')}
              type="email"
              autoComplete="username"
              required
              {...form.getInputProps('email')}
            />
            {note}
            <Button type="submit" loading={pending}>
              {say('forgot.send')}
            </Button>
          </Stack>
        </form>
      )}
    </AuthFrame>
  )
}
