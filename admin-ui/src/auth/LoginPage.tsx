import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { asProblem } from '../api/problem'
import { useSay } from '../i18n'
import { useSendForm } from '../ui/form'
import { AuthFrame } from './AuthFrame'
import { login, shopOfHost } from './api'
import { isEmail } from './rules'
import { authWords } from './words'

export function LoginPage() {
  const say = useSay(authWords)
  const navigate = useNavigate()
  const client = useQueryClient()
  const search = useSearch({ strict: false }) as { shop?: string; from?: string }
  const hostShop = shopOfHost(location.hostname)
  const [step, setStep] = useState<'password' | 'code' | 'recovery'>('password')

  const { form, submit, note, pending, reset } = useSendForm({
    initialValues: { shop: search.shop ?? hostShop, email: '', password: '', code: '', recovery_code: '' },
    validate: {
      shop: v => (v.trim() ? null : say('required')),
      email: v => (isEmail(v) ? null : say('email.invalid')),
      password: v => (v ? null : say('required')),
    },
    send: async ({ shop, email, password, code, recovery_code }) => {
      try {
        return await login({
          shop: shop.trim(),
          email: email.trim(),
          password,
          ...(step === 'code' && { code: code.replaceAll(/\s/g, '') }),
          ...(step === 'recovery' && { recovery_code: recovery_code.trim() }),
        })
      } catch (thrown) {
        if (asProblem(thrown).code !== 'auth.code_required' || step !== 'password') throw thrown
        setStep('code')
        return undefined
      }
    },
    done: async signedIn => {
      if (!signedIn) return
      client.clear()
      const own = `/t/${signedIn.tenant.slug}`
      const to = search.from?.startsWith(own) ? search.from : own
      await navigate({ to: to as never })
    },
  })

  // Whoever has typed the password goes on typing.
  const focused = useCallback((input: HTMLInputElement | null) => input?.focus(), [])

  function change(to: typeof step) {
    reset()
    setStep(to)
  }

  return (
    <AuthFrame
      title={step === 'password' ? say('signIn') : say('code.title')}
      below={
        <>
          <Text size="sm">{say('noShop')}</Text>
          <Anchor component={Link} to="/signup" size="sm">
            {say('signUp')}
          </Anchor>
        </>
      }
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          {step === 'password' && (
            <>
              {!hostShop && (
                <TextInput
                  label={say('shop')}
                  description={say('shop.hint')}
                  autoComplete="organization"
                  autoCapitalize="none"
                  spellCheck={false}
                  required
                  {...form.getInputProps('shop')}
                />
              )}
              <TextInput
                label={say('email')}
                type="email"
                autoComplete="username"
                required
                {...form.getInputProps('email')}
              />
              <PasswordInput
                label={say('password')}
                autoComplete="current-password"
                required
                {...form.getInputProps('password')}
              />
            </>
          )}
          {step === 'code' && (
            <TextInput
              ref={focused}
              label={say('code')}
              description={say('code.hint')}
              inputMode="numeric"
              autoComplete="one-time-code"
              maxLength={7}
              {...form.getInputProps('code')}
            />
          )}
          {step === 'recovery' && (
            <TextInput
              label={say('recovery')}
              ref={focused}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps('recovery_code')}
            />
          )}
          {note}
          <Button type="submit" loading={pending} fullWidth>
            {say('signIn')}
          </Button>
          {step === 'password' ? (
            <Anchor component={Link} to="/forgot" search={{ shop: form.values.shop } as never} size="sm">
              {say('forgot')}
            </Anchor>
          ) : (
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => change(step === 'code' ? 'recovery' : 'code')}
            >
              {step === 'code' ? say('useRecovery') : say('useCode')}
            </Anchor>
          )}
        </Stack>
      </form>
    </AuthFrame>
  )
}
