import { Alert, Anchor } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { meQuery } from '../api/session'
import { useSay } from '../i18n'
import { Waiting } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { AuthFrame } from './AuthFrame'
import { confirmEmail } from './api'
import { authWords } from './words'

export function ConfirmPage() {
  const say = useSay(authWords)
  const client = useQueryClient()
  const { token = '' } = useSearch({ strict: false }) as { token?: string }
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: confirmEmail,
    onSuccess: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  })
  const asked = useRef(false) // a token works once, and StrictMode runs effects twice
  useEffect(() => {
    if (!token || asked.current) return
    asked.current = true
    mutate(token)
  }, [token, mutate])
  return (
    <AuthFrame title={say('confirm.title')}>
      {!token && <Alert color="red">{say('link.bad')}</Alert>}
      {isPending && <Waiting rows={2} />}
      <ProblemNote error={error} />
      {isSuccess && <Alert role="status">{say('confirm.done')}</Alert>}
      <Anchor component={Link} to="/" size="sm">
        {say('confirm.go')}
      </Anchor>
    </AuthFrame>
  )
}
