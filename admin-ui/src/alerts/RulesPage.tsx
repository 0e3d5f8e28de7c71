import { ActionIcon, Badge, Button, Group, Paper, Stack, Switch, Text, Title } from '@mantine/core'
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { rolesQuery } from '../team/api'
import { A, ButtonLink } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { Loaded, Page } from '../ui/Page'
import { Empty, ProblemNote } from '../ui/Problem'
import { uiWords } from '../ui/words'
import { inputOf, type KindInfo, kindsQuery, type Rule, removeRule, rulesQuery, saveRule } from './api'
import { RuleDialog } from './RuleDialog'
import { Severity } from './Severity'
import { sentence } from './sentence'
import { alertWords } from './words'

export function RulesPage() {
  const say = useSay(alertWords)
  const can = useCan()
  const rules = useQuery(rulesQuery)
  const kinds = useQuery(kindsQuery)
  const [edited, setEdited] = useState<Rule | 'new'>()
  return (
    <Page
      title={say('rules')}
      lead={say('rules.lead')}
      actions={
        <>
          <ButtonLink to="/alerts/deliveries" variant="default">
            {say('deliveries')}
          </ButtonLink>
          {can('alerts:write') && <Button onClick={() => setEdited('new')}>{say('new')}</Button>}
        </>
      }
    >
      <Loaded query={rules}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={say('rules.empty')}>{say('rules.empty.text')}</Empty>
          ) : (
            <Stack gap="sm">
              {items.map(rule => (
                <RuleCard
                  key={rule.id}
                  rule={rule}
                  kind={kinds.data?.items.find(one => one.kind === rule.kind)}
                  onEdit={() => setEdited(rule)}
                />
              ))}
            </Stack>
          )
        }
      </Loaded>
      {edited && kinds.data && (
        <RuleDialog
          rule={edited === 'new' ? undefined : edited}
          kinds={kinds.data.items}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Page>
  )
}

function RuleCard({ rule, kind, onEdit }: { rule: Rule; kind?: KindInfo; onEdit: () => void }) {
  const say = useSay(alertWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const roles = useQuery({ ...rolesQuery, enabled: can('members:read') })
  const [isRemoving, setIsRemoving] = useState(false)
  const changed = () => client.invalidateQueries({ queryKey: rulesQuery.queryKey })
  const toggle = useMutation({
    mutationFn: (enabled: boolean) => saveRule(rule.id, { ...inputOf(rule), enabled }),
    onSettled: changed,
  })
  const remove = useMutation({ mutationFn: () => removeRule(rule.id), onSuccess: changed })
  const roleName = (name: string) => inWords(roles.data?.items.find(role => role.name === name)?.title) || name
  const told = rule.notify.roles.length > 0 && rule.notify.channels.length > 0
  const isOn = toggle.isPending ? toggle.variables : rule.enabled

  return (
    <Paper withBorder p="md" component="article" aria-label={rule.name}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Stack gap={4}>
          <Group gap="xs">
            <Title order={2} size="h5">
              {kind && rule.name === kind.title.en ? inWords(kind.title) : rule.name}
            </Title>
            <Severity of={rule.severity} />
            {!rule.enabled && <Badge color="gray">{say('disabled')}</Badge>}
          </Group>
          {kind && <Text size="sm">{sentence(inWords(kind.sentence), rule.params)}</Text>}
          <Text size="sm" c="dimmed">
            {told
              ? `${say('tell')} ${rule.notify.roles.map(roleName).join(', ')} ${say('by')} ${rule.notify.channels
                  .map(channel => (channel === 'email' ? say('channel.email') : say('channel.in_app')))
                  .join(', ')}`
              : say('roles.none')}
          </Text>
          <Text size="xs" c="dimmed">
            {kind && inWords(kind.fresh)} ·{' '}
            <A to="/incidents" search={{ kind: rule.kind }} size="xs" underline="always">
              {say('rule.fires')}
            </A>
          </Text>
          <ProblemNote error={toggle.error} />
        </Stack>
        {can('alerts:write') && (
          <Group gap="xs" wrap="nowrap">
            <Switch
              aria-label={say('toggle', { name: rule.name })}
              checked={isOn}
              disabled={toggle.isPending}
              onChange={e => toggle.mutate(e.currentTarget.checked)}
            />
            <Button size="xs" variant="default" aria-label={`${ui('edit')}: ${rule.name}`} onClick={onEdit}>
              {ui('edit')}
            </Button>
            <ActionIcon aria-label={`${ui('delete')}: ${rule.name}`} onClick={() => setIsRemoving(true)}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        )}
      </Group>
      {isRemoving && (
        <Dialog
          title={say('delete.title', { name: rule.name })}
          lead={say('delete.text')}
          onClose={() => setIsRemoving(false)}
          onSubmit={event => {
            event?.preventDefault()
            remove.mutate()
          }}
          pending={remove.isPending}
          note={<ProblemNote error={remove.error} />}
          go={ui('delete')}
          danger
        />
      )}
    </Paper>
  )
}
