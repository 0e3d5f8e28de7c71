import { Anchor, Button, Fieldset, PasswordInput, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { language, languages, useSay } from '../i18n'
import { useSendForm } from '../ui/form'
import { ownZone } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { AuthFrame } from './AuthFrame'
import { isSlug, signUp, signUpOptionsQuery, slugOf } from './api'
import { IndustryCards } from './IndustryCards'
import { choices, ownRegion } from './places'
import { isEmail, shortestPassword } from './rules'
import { SlugInput } from './SlugInput'
import { authWords } from './words'

export function SignUpPage() {
  const say = useSay(authWords)
  const navigate = useNavigate()
  const client = useQueryClient()
  const options = useQuery(signUpOptionsQuery)
  const slugTouched = useRef(false)
  const filled = (v: string | null) => (v?.trim() ? null : say('required'))

  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      business: '',
      slug: '',
      industry: 'retail',
      name: '',
      email: '',
      password: '',
      country: ownRegion(),
      currency: '',
      time_zone: ownZone(),
      language: language() as string,
    },
    validate: {
      business: filled,
      slug: v => (isSlug(v) ? null : say('slug.invalid')),
      name: filled,
      email: v => (isEmail(v) ? null : say('email.invalid')),
      password: v => (v.length >= shortestPassword ? null : say('password.short')),
      country: filled,
      currency: filled,
      time_zone: filled,
      language: filled,
    },
    send: signUp,
    done: ({ tenant }) => {
      client.clear()
      void navigate({ to: `/t/${tenant.slug}` as never })
    },
  })
  const business = form.getInputProps('business')

  // A country brings its currency; its time zone too, unless the browser's own is one of it.
  function settle(code: string | null) {
    const country = options.data?.countries.find(one => one.code === code)
    form.setFieldValue('country', code ?? '')
    if (country) form.setFieldValue('currency', country.currency)
    if (country && code !== ownRegion()) form.setFieldValue('time_zone', country.time_zone)
  }

  const offered = options.data?.countries
  const isSettled = useRef(false)
  useEffect(() => {
    if (isSettled.current || !offered) return
    isSettled.current = true
    const own = offered.find(one => one.code === ownRegion())
    form.setFieldValue('country', own?.code ?? '')
    if (own) form.setFieldValue('currency', own.currency)
  }, [offered, form])

  return (
    <AuthFrame
      wide
      title={say('signUp.title')}
      lead={say('signUp.lead')}
      below={
        <>
          <Text size="sm">{say('haveShop')}</Text>
          <Anchor component={Link} to="/login" size="sm">
            {say('signIn')}
          </Anchor>
        </>
      }
    >
      <ProblemNote error={options.error} onRetry={() => void options.refetch()} />
      <form onSubmit={submit} noValidate>
        <Stack>
          <Fieldset legend={say('step.shop')}>
            <Stack>
              <TextInput
                label={say('business')}
                autoComplete="organization"
                required
                {...business}
                onChange={event => {
                  business.onChange(event)
                  if (!slugTouched.current) form.setFieldValue('slug', slugOf(event.currentTarget.value))
                }}
              />
              <SlugInput
                {...form.getInputProps('slug')}
                onType={() => {
                  slugTouched.current = true
                }}
              />
              <IndustryCards industries={options.data?.industries} {...form.getInputProps('industry')} />
            </Stack>
          </Fieldset>
          <Fieldset legend={say('step.you')}>
            <Stack>
              <TextInput label={say('yourName')} autoComplete="name" required {...form.getInputProps('name')} />
              <TextInput
                label={say('email')}
                type="email"
                autoComplete="username"
                required
                {...form.getInputProps('email')}
              />
              <PasswordInput
                label={say('password')}
                description={say('password.hint')}
                autoComplete="new-password"
                required
                {...form.getInputProps('password')}
              />
            </Stack>
          </Fieldset>
          <Fieldset legend={say('step.place')}>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <Select
                label={say('country')}
                searchable
                required
                data={choices(options.data?.countries, 'region')}
                {...form.getInputProps('country')}
                onChange={settle}
              />
              <Select
                label={say('currency')}
                searchable
                required
                data={choices(options.data?.currencies, 'currency')}
                {...form.getInputProps('currency')}
              />
              <Select
                label={say('timeZone')}
                searchable
                required
                data={choices(options.data?.time_zones)}
                {...form.getInputProps('time_zone')}
              />
              <Select
                label={say('language')}
                required
                allowDeselect={false}
                data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
                {...form.getInputProps('language')}
              />
            </SimpleGrid>
          </Fieldset>
          {note}
          <Button type="submit" loading={pending}>
            {say('signUp.go')}
          </Button>
        </Stack>
      </form>
    </AuthFrame>
  )
}
