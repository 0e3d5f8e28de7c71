import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { Status } from '../ui/Status'
import { uiWords } from '../ui/words'
import { addHost, type Host, hostsQuery, removeHost, verifyHost } from './api'
import { settingWords } from './words'

export function Hosts() {
  const say = useSay(settingWords)
  const can = useCan()
  const { data, error } = useQuery(hostsQuery)
  const [isAdding, setIsAdding] = useState(false)
  return (
    <Section
      title={say('hosts')}
      actions={
        can('settings:write') && (
          <Button size="xs" variant="default" onClick={() => setIsAdding(true)}>
            {say('hosts.add')}
          </Button>
        )
      }
    >
      <Text size="sm" c="dimmed">
        {say('hosts.text')}
      </Text>
      <ProblemNote error={error} />
      <Stack mt="sm">
        {data?.items.map(host => (
          <Domain key={host.host} host={host} />
        ))}
      </Stack>
      {isAdding && <Add onClose={() => setIsAdding(false)} />}
    </Section>
  )
}

function Domain({ host }: { host: Host }) {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const onSettled = () => client.invalidateQueries({ queryKey: hostsQuery.queryKey })
  const check = useMutation({ mutationFn: () => verifyHost(host.host), onSettled })
  const remove = useMutation({ mutationFn: () => removeHost(host.host), onSettled })
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {host.host}
          </Text>
          <Status tone={host.verified ? 'good' : 'waiting'}>
            {host.verified ? say('hosts.ok') : say('hosts.wait')}
          </Status>
        </Group>
        {can('settings:write') && (
          <Group gap="xs">
            {!host.verified && (
              <Button size="compact-sm" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
                {say('hosts.check')}
              </Button>
            )}
            <Button
              size="compact-sm"
              variant="default"
              loading={remove.isPending}
              aria-label={`${ui('remove')}: ${host.host}`}
              onClick={() => remove.mutate()}
            >
              {ui('remove')}
            </Button>
          </Group>
        )}
      </Group>
      {!host.verified && host.record && (
        <Text size="sm">
          {say('hosts.record')} <Code>{`${host.record.name} ${host.record.type} ${host.record.value}`}</Code>
        </Text>
      )}
      <ProblemNote error={check.error ?? remove.error} />
    </Stack>
  )
}

function Add({ onClose }: { onClose: () => void }) {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { host: '' },
    validate: { host: v => (v.trim() ? null : ui('required')) },
    send: ({ host }) => addHost(host.trim().toLowerCase()),
    done: () => {
      void client.invalidateQueries({ queryKey: hostsQuery.queryKey })
      onClose()
    },
  })
  return (
    <Dialog
      title={say('hosts.add')}
      lead={say('hosts.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={ui('add')}
    >
      <TextInput
        label={say('hosts.host')}
        spellCheck={false}
        autoCapitalize="none"
        data-autofocus
        {...form.getInputProps('host')}
      />
    </Dialog>
  )
}
