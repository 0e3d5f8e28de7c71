import { Alert, Button, Group, PasswordInput, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { meQuery, useMe } from '../api/session'
import { shortestPassword } from '../auth/rules'
import { type Language, languages, speak, useSay } from '../i18n'
import { useSendForm } from '../ui/form'
import { ago } from '../ui/format'
import { Loaded, Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import {
  changeMe,
  endSession,
  type Least,
  type Preferences,
  preferencesQuery,
  savePreferences,
  sessionsQuery,
} from './api'
import { deviceOf } from './device'
import { TotpSection } from './TotpSection'
import { settingWords } from './words'

export function AccountPage() {
  const say = useSay(settingWords)
  return (
    <Page title={say('acc.title')}>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Profile />
        <Password />
        <TotpSection />
        <Told />
      </SimpleGrid>
      <Sessions />
    </Page>
  )
}

function Profile() {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const { member } = useMe()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { name: member.name, language: member.language || 'en' },
    validate: { name: v => (v.trim() ? null : ui('required')) },
    send: ({ name, language }) => changeMe({ name: name.trim(), language }),
    done: async (_, { language }) => {
      await speak(language as Language)
      await client.invalidateQueries({ queryKey: meQuery.queryKey })
      notifications.show({ message: say('acc.saved') })
    },
  })
  return (
    <Section title={say('acc.profile')}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label={say('acc.name')}
            required
            autoComplete="name"
            maxLength={200}
            {...form.getInputProps('name')}
          />
          <TextInput label={say('email')} value={member.email} readOnly disabled />
          <Select
            label={say('acc.language')}
            allowDeselect={false}
            data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
            {...form.getInputProps('language')}
          />
          {note}
          <Group justify="flex-end">
            <Button type="submit" loading={pending}>
              {ui('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}

function Password() {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const { member } = useMe()
  const { form, submit, note, pending, sent } = useSendForm({
    initialValues: { current_password: '', new_password: '' },
    validate: {
      current_password: v => (v ? null : ui('required')),
      new_password: v => (v.length >= shortestPassword ? null : say('pw.short')),
    },
    send: changeMe,
    done: () => {
      form.reset()
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    },
  })
  return (
    <Section title={say('pw.title')}>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <input type="text" autoComplete="username" value={member.email} readOnly hidden />
          <PasswordInput
            label={say('pw.current')}
            autoComplete="current-password"
            required
            {...form.getInputProps('current_password')}
          />
          <PasswordInput
            label={say('pw.new')}
            description={say('pw.hint')}
            autoComplete="new-password"
            required
            {...form.getInputProps('new_password')}
          />
          {note}
          {sent && <Alert role="status">{say('pw.saved')}</Alert>}
          <Group justify="flex-end">
            <Button type="submit" loading={pending}>
              {say('pw.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}

const leasts: Least[] = ['info', 'warning', 'critical', 'none']

function Told() {
  const say = useSay(settingWords)
  const client = useQueryClient()
  const query = useQuery(preferencesQuery)
  const save = useMutation({
    mutationFn: savePreferences,
    onSuccess: saved => client.setQueryData(preferencesQuery.queryKey, saved),
  })
  return (
    <Section title={say('pref.title')}>
      <Loaded query={query}>
        {chosen => (
          <Stack gap="sm">
            {(['in_app', 'email'] as const).map(channel => (
              <Select
                key={channel}
                label={say(`pref.${channel}`)}
                allowDeselect={false}
                data={leasts.map(value => ({ value, label: say(`least.${value}`) }))}
                value={chosen[channel]}
                onChange={value => save.mutate({ ...chosen, [channel]: value } as Preferences)}
              />
            ))}
            <ProblemNote error={save.error} />
          </Stack>
        )}
      </Loaded>
    </Section>
  )
}

function Sessions() {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const query = useQuery(sessionsQuery)
  const end = useMutation({
    mutationFn: endSession,
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  })
  return (
    <Section title={say('ses.title')}>
      <ProblemNote error={end.error} />
      <Loaded query={query}>
        {({ items }) => (
          <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{say('ses.device')}</Table.Th>
                  <Table.Th scope="col">{say('ses.ip')}</Table.Th>
                  <Table.Th scope="col">{say('ses.seen')}</Table.Th>
                  <Table.Th scope="col">{ui('actions')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map(session => (
                  <Table.Tr key={session.id}>
                    <Table.Th scope="row" fw={400}>
                      <Text size="sm" title={session.user_agent}>
                        {deviceOf(session.user_agent)} {session.current && `(${say('ses.current')})`}
                      </Text>
                    </Table.Th>
                    <Table.Td>{session.ip}</Table.Td>
                    <Table.Td>{ago(session.last_seen_at)}</Table.Td>
                    <Table.Td>
                      {!session.current && (
                        <Button
                          size="compact-sm"
                          variant="default"
                          loading={end.isPending && end.variables === session.id}
                          aria-label={`${say('ses.end')}: ${deviceOf(session.user_agent)}`}
                          onClick={() => end.mutate(session.id)}
                        >
                          {say('ses.end')}
                        </Button>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Loaded>
    </Section>
  )
}
