import { Alert, Button, Code, Grid, Group, List, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A, useGo } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { Loaded, Page, Waiting } from '../ui/Page'
import { Copy, ProblemNote } from '../ui/Problem'
import { Fact, Section } from '../ui/Section'
import { Status, type Tone } from '../ui/Status'
import {
  type Health,
  healthQuery,
  type Installation,
  type Plugin,
  pluginQuery,
  removeInstallation,
  switchTo,
  testConnection,
} from './api'
import { Deliveries } from './Deliveries'
import { InstalledStatus } from './PluginsPage'
import { pluginWords } from './words'

const ConfigForm = lazy(() => import('./ConfigForm'))

export function PluginPage() {
  const say = useSay(pluginWords)
  const { publisher = '', name = '' } = useParams({ strict: false }) as { publisher?: string; name?: string }
  const query = useQuery(pluginQuery(publisher, name))
  const plugin = query.data
  return (
    <Page
      title={plugin ? inWords(plugin.name) : say('title')}
      lead={plugin && inWords(plugin.summary)}
      back={
        <A to="/plugins" size="sm">
          ‹ {say('title')}
        </A>
      }
      badge={plugin && <InstalledStatus plugin={plugin} />}
      actions={plugin?.installed && <Actions plugin={plugin} installation={plugin.installed} />}
    >
      <Loaded query={query}>{plugin => <Detail plugin={plugin} />}</Loaded>
    </Page>
  )
}

function Detail({ plugin }: { plugin: Plugin }) {
  const say = useSay(pluginWords)
  const client = useQueryClient()
  const { installed } = plugin
  return (
    <Grid>
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Stack>
          <Section title={say('config')}>
            <Suspense fallback={<Waiting />}>
              <ConfigForm
                key={installed?.rev ?? 0}
                plugin={plugin}
                onSaved={() => {
                  notifications.show({ message: installed ? say('saved') : say('installed.done') })
                  void client.invalidateQueries({ queryKey: ['plugins'] })
                }}
              />
            </Suspense>
          </Section>
          {installed && <Deliveries installation={installed} />}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack>
          {plugin.capabilities.length > 0 && (
            <Section title={say('cap.title')}>
              <Text size="sm">{say('consent')}</Text>
              <List size="sm" mt="xs">
                {plugin.capabilities.map(one => (
                  <List.Item key={one}>
                    {`cap.${one}` in pluginWords.en ? say(`cap.${one}` as 'cap.webhook') : one}
                  </List.Item>
                ))}
              </List>
            </Section>
          )}
          <Section title={say('egress')}>
            <Text size="sm">{say('egress.hint')}</Text>
            <List size="sm" mt="xs">
              {plugin.egress.map(one => (
                <List.Item key={`${one.host}:${one.port}`}>
                  <Code>{one.port && one.port !== 443 ? `${one.host}:${one.port}` : one.host}</Code>{' '}
                  {one.purpose && inWords(one.purpose)}
                </List.Item>
              ))}
              {plugin.egress_fields.map(field => (
                <List.Item key={field}>{say('egress.field', { field: fieldTitle(plugin, field) })}</List.Item>
              ))}
              {plugin.egress.length + plugin.egress_fields.length === 0 && <List.Item>{say('egress.none')}</List.Item>}
            </List>
          </Section>
          {installed && <State installation={installed} />}
        </Stack>
      </Grid.Col>
    </Grid>
  )
}

const tones: Record<Health['state'], Tone> = {
  stopped: 'quiet',
  starting: 'busy',
  ready: 'good',
  backoff: 'bad',
  quarantined: 'bad',
  blocked: 'bad',
}

/** What the configuration form calls the field. */
function fieldTitle(plugin: Plugin, field: string): string {
  const { properties } = plugin.config_schema as { properties?: Record<string, Record<string, unknown>> }
  const of = properties?.[field]
  return inWords({ en: String(of?.title ?? field), zh: String(of?.['x-title-zh'] ?? of?.title ?? field) })
}

function State({ installation }: { installation: Installation }) {
  const say = useSay(pluginWords)
  const { data } = useQuery(healthQuery(installation.id))
  const test = useMutation({ mutationFn: () => testConnection(installation.id) })
  return (
    <Section
      title={say('health')}
      actions={
        <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          {say('test')}
        </Button>
      }
    >
      <Stack gap="sm">
        {data && (
          <Group gap="xs">
            <Status tone={tones[data.state]}>{say(`health.${data.state}`)}</Status>
            {data.crashes > 0 && <Text size="sm">{say('health.crashes', { count: data.crashes })}</Text>}
            {data.cut_off.length > 0 && <Status tone="bad">{say('health.cut_off')}</Status>}
            {data.reason && (
              <Text size="sm" c="dimmed">
                {data.reason}
              </Text>
            )}
          </Group>
        )}
        {test.data && (
          <Alert role="status" color="teal" title={say('test.ok')}>
            <Stack gap={2} component="dl" m={0}>
              {Object.entries(test.data.facts ?? {}).map(([name, value]) => (
                <Fact key={name} term={name.replaceAll('_', ' ')}>
                  {value}
                </Fact>
              ))}
            </Stack>
          </Alert>
        )}
        <ProblemNote error={test.error} />
        <div>
          <Text size="sm" fw={500}>
            {say('webhook')}
          </Text>
          <Text size="xs" c="dimmed">
            {say('webhook.hint')}
          </Text>
          <Group gap={4} wrap="nowrap">
            <Code style={{ overflowWrap: 'anywhere' }}>{installation.webhook_url}</Code>
            <Copy value={installation.webhook_url} label={say('webhook.copy')} />
          </Group>
        </div>
      </Stack>
    </Section>
  )
}

function Actions({ plugin, installation }: { plugin: Plugin; installation: Installation }) {
  const say = useSay(pluginWords)
  const can = useCan()
  const client = useQueryClient()
  const [isRemoving, setIsRemoving] = useState(false)
  const isOn = installation.state === 'active'
  const toggle = useMutation({
    mutationFn: () => switchTo(installation.id, !isOn),
    onSettled: () => client.invalidateQueries({ queryKey: ['plugins'] }),
  })
  if (!can('plugins:write')) return null
  return (
    <>
      <Button variant="default" loading={toggle.isPending} onClick={() => toggle.mutate()}>
        {isOn ? say('disable') : say('enable')}
      </Button>
      {!isOn && (
        <Button variant="light" color="red" onClick={() => setIsRemoving(true)}>
          {say('remove')}
        </Button>
      )}
      <ProblemNote error={toggle.error} />
      {isRemoving && <Remove plugin={plugin} installation={installation} onClose={() => setIsRemoving(false)} />}
    </>
  )
}

function Remove({
  plugin,
  installation,
  onClose,
}: {
  plugin: Plugin
  installation: Installation
  onClose: () => void
}) {
  const say = useSay(pluginWords)
  const client = useQueryClient()
  const go = useGo()
  const word = plugin.id.split('/').at(-1) ?? plugin.id
  const { form, submit, note, pending } = useSendForm({
    initialValues: { word: '' },
    validate: { word: v => (v.trim() === word ? null : say('remove.confirm', { word })) },
    send: () => removeInstallation(installation.id),
    done: () => {
      void client.invalidateQueries({ queryKey: ['plugins'] })
      go('/plugins')
    },
  })
  return (
    <Dialog
      title={say('remove.title', { name: inWords(plugin.name) })}
      lead={say('remove.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('remove')}
      danger
    >
      <TextInput
        label={say('remove.confirm', { word })}
        autoComplete="off"
        data-autofocus
        {...form.getInputProps('word')}
      />
    </Dialog>
  )
}
