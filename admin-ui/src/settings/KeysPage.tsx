import {
  Alert,
  Badge,
  Button,
  Checkbox,
  Code,
  Group,
  Modal,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Permission, useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { permissionsQuery } from '../team/api'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { ago, dateTime, dayStart } from '../ui/format'
import { Loaded, Page } from '../ui/Page'
import { Copy, Empty, ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { type ApiKey, createKey, keysQuery, type NewKey, revokeKey, rotateKey } from './api'
import { settingWords } from './words'

export function KeysPage() {
  const say = useSay(settingWords)
  const can = useCan()
  const query = useQuery(keysQuery)
  const [isNew, setIsNew] = useState(false)
  const [made, setMade] = useState<NewKey>()
  return (
    <Page
      title={say('key.title')}
      lead={say('key.lead')}
      actions={can('keys:write') && <Button onClick={() => setIsNew(true)}>{say('key.new')}</Button>}
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={say('key.empty')}>{say('key.lead')}</Empty>
          ) : (
            <Keys keys={items} onRotated={setMade} />
          )
        }
      </Loaded>
      {isNew && <New onClose={() => setIsNew(false)} onMade={setMade} />}
      {made && <Secret made={made} onClose={() => setMade(undefined)} />}
    </Page>
  )
}

function Keys({ keys, onRotated }: { keys: ApiKey[]; onRotated: (made: NewKey) => void }) {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const { time_zone } = useTenant()
  return (
    <Section title={say('key.title')}>
      <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('key.name')}</Table.Th>
              <Table.Th scope="col">{say('key.prefix')}</Table.Th>
              <Table.Th scope="col">{say('key.scopes')}</Table.Th>
              <Table.Th scope="col">{say('key.used')}</Table.Th>
              <Table.Th scope="col">{say('key.expires')}</Table.Th>
              {can('keys:write') && <Table.Th scope="col">{ui('actions')}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {keys.map(key => (
              <Table.Tr key={key.id}>
                <Table.Th scope="row">{key.name}</Table.Th>
                <Table.Td>
                  <Code>{key.prefix}…</Code>
                </Table.Td>
                <Table.Td maw={260}>
                  <Group gap={4}>
                    {key.scopes.map(scope => (
                      <Badge key={scope} color="gray" size="sm">
                        {scope}
                      </Badge>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td>{key.last_used_at ? ago(key.last_used_at) : say('key.unused')}</Table.Td>
                <Table.Td>{key.expires_at ? dateTime(key.expires_at, time_zone, 'date') : say('key.never')}</Table.Td>
                {can('keys:write') && (
                  <Table.Td>
                    <Actions apiKey={key} onRotated={onRotated} />
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  )
}

function Actions({ apiKey, onRotated }: { apiKey: ApiKey; onRotated: (made: NewKey) => void }) {
  const say = useSay(settingWords)
  const client = useQueryClient()
  const [open, setOpen] = useState<'rotate' | 'revoke'>()
  const act = useMutation({
    mutationFn: async (verb: 'rotate' | 'revoke') => {
      if (verb === 'rotate') onRotated(await rotateKey(apiKey.id))
      else await revokeKey(apiKey.id)
    },
    onSuccess: () => {
      setOpen(undefined)
      void client.invalidateQueries({ queryKey: keysQuery.queryKey })
    },
  })
  return (
    <Group gap="xs" wrap="nowrap">
      {(['rotate', 'revoke'] as const).map(verb => (
        <Button
          key={verb}
          size="compact-sm"
          variant="default"
          aria-label={`${say(`key.${verb}`)}: ${apiKey.name}`}
          onClick={() => setOpen(verb)}
        >
          {say(`key.${verb}`)}
        </Button>
      ))}
      {open && (
        <Dialog
          title={say(`key.${open}.title`, { name: apiKey.name })}
          lead={say(`key.${open}.text`)}
          onClose={() => setOpen(undefined)}
          onSubmit={event => {
            event?.preventDefault()
            act.mutate(open)
          }}
          pending={act.isPending}
          note={<ProblemNote error={act.error} />}
          go={say(`key.${open}`)}
          danger={open === 'revoke'}
        />
      )}
    </Group>
  )
}

function New({ onClose, onMade }: { onClose: () => void; onMade: (made: NewKey) => void }) {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const { time_zone } = useTenant()
  const permissions = useQuery(permissionsQuery)
  const { form, submit, note, pending } = useSendForm({
    initialValues: { name: '', scopes: ['orders:read'], expires: '' },
    validate: {
      name: v => (v.trim() ? null : ui('required')),
      scopes: v => (v.length > 0 ? null : say('key.scopes.least')),
    },
    send: ({ name, scopes, expires }) =>
      createKey({ name: name.trim(), scopes, ...(expires && { expires_at: dayStart(expires, time_zone, 1) }) }),
    done: made => {
      onMade(made)
      void client.invalidateQueries({ queryKey: keysQuery.queryKey })
      onClose()
    },
  })
  return (
    <Dialog
      title={say('key.new')}
      size="lg"
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={ui('create')}
    >
      <Group grow align="flex-start">
        <TextInput
          label={say('key.name')}
          description={say('key.name.hint')}
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <TextInput
          label={say('key.expires')}
          description={ui('optional')}
          type="date"
          {...form.getInputProps('expires')}
        />
      </Group>
      <Checkbox.Group {...form.getInputProps('scopes')} aria-label={say('key.scopes')}>
        <Text size="sm" fw={500} mb={4}>
          {say('key.scopes')}
        </Text>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing={6}>
          {(permissions.data?.items ?? []).map(one => (
            <Checkbox
              key={one.name}
              value={one.name}
              label={inWords(one.title) || one.name}
              disabled={!can(one.name as Permission)}
            />
          ))}
        </SimpleGrid>
      </Checkbox.Group>
    </Dialog>
  )
}

function Secret({ made, onClose }: { made: NewKey; onClose: () => void }) {
  const say = useSay(settingWords)
  const { time_zone } = useTenant()
  return (
    <Modal
      opened
      onClose={onClose}
      title={say('key.secret.title', { name: made.name })}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <Alert color="yellow">{say('key.secret')}</Alert>
        <Group gap={4} wrap="nowrap">
          <Code style={{ overflowWrap: 'anywhere' }}>{made.secret}</Code>
          <Copy value={made.secret} label={say('key.secret.copy')} />
        </Group>
        {made.old_valid_until && (
          <Text size="sm">{say('key.secret.old', { at: dateTime(made.old_valid_until, time_zone) })}</Text>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose}>{say('key.secret.done')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
