import { Alert, Anchor, Button, PasswordInput, Stack } from '@mantine/core'
import { Link, useSearch } from '@tanstack/react-router'
import { useSay } from '../i18n'
import { useSendForm } from '../ui/form'
import { AuthFrame } from './AuthFrame'
import { resetPassword } from './api'
import { shortestPassword } from './rules'
import { authWords } from './words'

export function ResetPage() {
  const say = useSay(authWords)
  const { token = '' } = useSearch({ strict: false }) as { token?: string }
  const { form, submit, note, pending, sent } = useSendForm({
    initialValues: { password: '' },
    validate: { password: v => (v.length >= shortestPassword ? null : say('password.short')) },
    send: ({ password }) => resetPassword({ token, password }),
  })
  return (
    <AuthFrame
      title={say('reset.title')}
      below={
        <Anchor component={Link} to="/login" size="sm">
          {say('signIn')}
        </Anchor>
      }
    >
      {!token && <Alert color="red">{say('link.bad')}</Alert>}
      {sent && <Alert role="status">{say('reset.done')}</Alert>}
      {token && !sent && (
        <form onSubmit={submit} noValidate>
          <Stack>
            <PasswordInput
              label={say('password')}
              description={say('password.hint')}
              autoComplete="new-password"
              required
              {...form.getInputProps('password')}
            />
            {note}
            <Button type="submit" loading={pending}>
              {say('reset.save')}
            </Button>
          </Stack>
        </form>
      )}
    </AuthFrame>
  )
}
