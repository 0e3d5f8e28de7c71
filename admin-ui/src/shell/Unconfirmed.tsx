import { Alert, Button, Group, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { api } from '../api/client'
import { useMe } from '../api/session'
import { useSay } from '../i18n'
import { ProblemNote } from '../ui/Problem'
import { shellWords } from './words'

export function Unconfirmed() {
  const say = useSay(shellWords)
  const { member } = useMe()
  const resend = useMutation({ mutationFn: () => api.POST('/api/v1/auth/email/resend', {}) })
  if (member.email_confirmed) return null
  return (
    <Alert role="status" color="blue" mb="md" p="xs">
      <Group gap="sm" justify="space-between">
        <Text size="sm">{resend.isSuccess ? say('resent') : say('unconfirmed', { email: member.email })}</Text>
        {!resend.isSuccess && (
          <Button size="xs" variant="default" loading={resend.isPending} onClick={() => resend.mutate()}>
            {say('resend')}
          </Button>
        )}
      </Group>
      <ProblemNote error={resend.error} />
    </Alert>
  )
}
