import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { useSendForm } from '../ui/form'
import { Waiting } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { AuthFrame } from './AuthFrame'
import { acceptInvitation, type Invitation, invitationQuery } from './api'
import { shortestPassword } from './rules'
import { authWords } from './words'

export function InvitePage() {
  const say = useSay(authWords)
  const { token = '' } = useSearch({ strict: false }) as { token?: string }
  const invitation = useQuery(invitationQuery(token))
  if (invitation.data) return <Accept token={token} invitation={invitation.data} />
  return (
    <AuthFrame title={say('invite.accept')}>
      {!token ? (
        <Alert color="red">{say('link.bad')}</Alert>
      ) : invitation.isError ? (
        <ProblemNote error={invitation.error} />
      ) : (
        <Waiting rows={3} />
      )}
    </AuthFrame>
  )
}

function Accept({ token, invitation }: { token: string; invitation: Invitation }) {
  const say = useSay(authWords)
  const navigate = useNavigate()
  const client = useQueryClient()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { name: '', password: '' },
    validate: {
      name: v => (v.trim() ? null : say('required')),
      password: v => (v.length >= shortestPassword ? null : say('password.short')),
    },
    send: values => acceptInvitation(token, values),
    done: () => {
      client.clear()
      void navigate({ to: '/' })
    },
  })
  return (
    <AuthFrame
      title={say('invite.title', { shop: invitation.shop })}
      lead={say('invite.lead', { email: invitation.email, roles: invitation.role_titles.map(inWords).join(', ') })}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput label={say('yourName')} autoComplete="name" required {...form.getInputProps('name')} />
          <PasswordInput
            label={say('password')}
            description={say('password.hint')}
            autoComplete="new-password"
            required
            {...form.getInputProps('password')}
          />
          {note}
          <Button type="submit" loading={pending}>
            {say('invite.accept')}
          </Button>
        </Stack>
      </form>
    </AuthFrame>
  )
}
