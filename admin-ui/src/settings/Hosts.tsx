import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { shopAddress } from '../shell/Nav'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { Copy, ProblemNote } from '../ui/Problem'
import { Fact, Section } from '../ui/Section'
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
  const [isRemoving, setIsRemoving] = useState(false)
  const remove = useMutation({ mutationFn: () => removeHost(host.host), onSuccess: onSettled })
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
              aria-label={`${ui('remove')}: ${host.host}`}
              onClick={() => setIsRemoving(true)}
            >
              {ui('remove')}
            </Button>
          </Group>
        )}
      </Group>
      {!host.verified && host.record && <Proof record={host.record} />}
      <ProblemNote error={check.error} />
      {isRemoving && (
        <Dialog
          title={say('hosts.remove', { host: host.host })}
          lead={host.verified ? say('hosts.remove.text') : undefined}
          onClose={() => setIsRemoving(false)}
          onSubmit={event => {
            event?.preventDefault()
            remove.mutate()
          }}
          pending={remove.isPending}
          note={<ProblemNote error={remove.error} />}
          go={ui('remove')}
          danger
        />
      )}
    </Stack>
  )
}

/** The record that proves the domain, in the parts that the forms of domain companies ask for. */
function Proof({ record }: { record: NonNullable<Host['record']> }) {
  const say = useSay(settingWords)
  const { slug } = useTenant()
  const shop = new URL(shopAddress(slug)).hostname
  const parts = [
    [say('hosts.record.type'), record.type],
    [say('hosts.record.name'), record.name],
    [say('hosts.record.value'), record.value],
  ] as const
  return (
    <Stack gap={4}>
      <Text size="sm">{say('hosts.record')}</Text>
      <dl style={{ margin: 0 }}>
        {parts.map(([term, value]) => (
          <Fact key={term} term={term}>
            <Group gap={4} wrap="nowrap" justify="flex-end">
              <Code style={{ overflowWrap: 'anywhere' }}>{value}</Code>
              <Copy value={value} label={say('hosts.record.copy', { part: term })} />
            </Group>
          </Fact>
        ))}
      </dl>
      <Text size="sm" c="dimmed">
        {say('hosts.point', { shop })}
      </Text>
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
    send: ({ host }) => addHost(hostIn(host)),
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

/** The domain of what people paste: an address of a page, mostly. */
function hostIn(text: string) {
  return text
    .trim()
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/[/?#].*$/, '')
}
