import { Alert, Button, Grid, Group, Select, Stack, Text, Textarea, Timeline } from '@mantine/core'
import IconBulb from '@tabler/icons-react/dist/esm/icons/IconBulb.mjs'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { membersQuery } from '../team/api'
import { A, ButtonLink } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { dateTime, number } from '../ui/format'
import { Loaded, Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Fact, Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { act, type Incident, incidentQuery, type Resolution, resolutions } from './api'
import { Evidence } from './Evidence'
import { IncidentStatus, subjectPath } from './IncidentsPage'
import { Severity } from './Severity'
import { alertWords } from './words'

export function IncidentPage() {
  const say = useSay(alertWords)
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const query = useQuery(incidentQuery(id))
  const incident = query.data
  return (
    <Page
      title={incident ? inWords(incident.title) : say('incidents')}
      lead={incident && inWords(incident.summary)}
      back={
        <A to="/incidents" size="sm">
          ‹ {say('incidents')}
        </A>
      }
      badge={
        incident && (
          <Group gap={6}>
            <Severity of={incident.severity} />
            <IncidentStatus of={incident.status} />
          </Group>
        )
      }
      actions={incident && <Actions incident={incident} />}
    >
      <Loaded query={query}>{incident => <Detail incident={incident} />}</Loaded>
    </Page>
  )
}

function useChanged(id: string) {
  const client = useQueryClient()
  return (incident: Incident) => {
    client.setQueryData(incidentQuery(id).queryKey, incident)
    void client.invalidateQueries({ queryKey: ['incidents', 'list'] })
    void client.invalidateQueries({ queryKey: ['incidents', 'open'] })
  }
}

function Actions({ incident }: { incident: Incident }) {
  const say = useSay(alertWords)
  const can = useCan()
  const changed = useChanged(incident.id)
  const [isResolving, setIsResolving] = useState(false)
  const acknowledge = useMutation({ mutationFn: () => act(incident.id, 'acknowledge'), onSuccess: changed })
  if (!can('incidents:write') || incident.status === 'resolved') return null
  return (
    <>
      {incident.status === 'open' && (
        <Button variant="default" loading={acknowledge.isPending} onClick={() => acknowledge.mutate()}>
          {say('acknowledge')}
        </Button>
      )}
      <Button onClick={() => setIsResolving(true)}>{say('resolve')}</Button>
      <ProblemNote error={acknowledge.error} />
      {isResolving && <Resolve incident={incident} onClose={() => setIsResolving(false)} />}
    </>
  )
}

function Resolve({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const say = useSay(alertWords)
  const changed = useChanged(incident.id)
  const { form, submit, note, pending } = useSendForm({
    initialValues: { code: 'fixed' as Resolution, note: '' },
    send: ({ code, note }) => act(incident.id, 'resolve', { code, ...(note.trim() && { note: note.trim() }) }),
    done: done => {
      changed(done)
      onClose()
    },
  })
  return (
    <Dialog
      title={say('resolve.title', { number: incident.number })}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('resolve')}
    >
      <Select
        label={say('resolve.code')}
        allowDeselect={false}
        data={resolutions.map(value => ({ value, label: say(`code.${value}`) }))}
        {...form.getInputProps('code')}
      />
      <Textarea
        label={say('note')}
        autosize
        minRows={2}
        maxLength={2000}
        data-autofocus
        {...form.getInputProps('note')}
      />
    </Dialog>
  )
}

function Detail({ incident }: { incident: Incident }) {
  const say = useSay(alertWords)
  const can = useCan()
  const { time_zone } = useTenant()
  const at = (iso: string) => dateTime(iso, time_zone)
  return (
    <Stack>
      {incident.proposal && incident.status !== 'resolved' && (
        <Alert color="blue" icon={<IconBulb aria-hidden />} title={say('proposal')}>
          <Group justify="space-between">
            <Text size="sm">{inWords(incident.proposal.text)}</Text>
            {incident.proposal.link.startsWith('/') && (
              <LinkTo link={incident.proposal.link} label={say('proposal.go')} />
            )}
          </Group>
        </Alert>
      )}
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            <Section title={say('timeline')}>
              <History incident={incident} />
            </Section>
            {can('incidents:write') && <AddNote incident={incident} />}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            <Section title={say('incident', { number: incident.number })}>
              <Stack gap={4} component="dl" m={0}>
                <Fact term={say('subject')}>
                  <A {...subjectPath(incident.subject)} size="sm">
                    {incident.subject.label}
                  </A>
                </Fact>
                <Fact term={say('opened')}>{at(incident.opened_at)}</Fact>
                <Fact term={say('count')}>{number(incident.count)}</Fact>
                {incident.acknowledged_at && (
                  <Fact term={say('status.acknowledged')}>
                    {at(incident.acknowledged_at)} {incident.acknowledged_by}
                  </Fact>
                )}
                {incident.resolved_at && (
                  <Fact term={say('status.resolved')}>
                    {at(incident.resolved_at)} {incident.resolved_by}{' '}
                    {incident.resolution && codeText(incident.resolution, say)}
                  </Fact>
                )}
              </Stack>
              {can('members:read') && <Assignee incident={incident} />}
            </Section>
            <Evidence evidence={incident.evidence} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  )
}

function LinkTo({ link, label }: { link: string; label: string }) {
  const [to = '', query = ''] = link.split('?')
  return (
    <ButtonLink size="xs" to={to} search={Object.fromEntries(new URLSearchParams(query))}>
      {label}
    </ButtonLink>
  )
}

function Assignee({ incident }: { incident: Incident }) {
  const say = useSay(alertWords)
  const can = useCan()
  const changed = useChanged(incident.id)
  const members = useQuery(membersQuery)
  const assign = useMutation({
    mutationFn: (member_id: string) => act(incident.id, 'assign', { member_id }),
    onSuccess: changed,
  })
  return (
    <>
      <Select
        mt="sm"
        label={say('assignee')}
        placeholder={say('nobody')}
        searchable
        disabled={!can('incidents:write') || incident.status === 'resolved'}
        data={(members.data?.items ?? []).map(member => ({ value: member.id, label: member.name || member.email }))}
        value={incident.assignee ?? null}
        onChange={id => id && assign.mutate(id)}
      />
      <ProblemNote error={assign.error} />
    </>
  )
}

function codeText(code: string, say: (key: 'code.fixed') => string) {
  const key = `code.${code}`
  return key in alertWords.en ? say(key as 'code.fixed') : code
}

function History({ incident }: { incident: Incident }) {
  const say = useSay(alertWords)
  const { time_zone } = useTenant()
  const moments = [...(incident.timeline ?? [])].sort((a, b) => b.at.localeCompare(a.at))
  return (
    <Timeline bulletSize={12} lineWidth={2} active={moments.length}>
      {moments.map(moment => {
        const key = `ev.${moment.kind}`
        const data = moment.data ?? {}
        const text = data.code || data.resolution ? codeText(String(data.code ?? data.resolution), say) : ''
        const note = typeof data.note === 'string' ? data.note : ''
        const title =
          key in alertWords.en
            ? say(key as 'ev.note', { text: moment.kind === 'note' ? note : text })
            : moment.kind.replaceAll('_', ' ')
        return (
          <Timeline.Item key={moment.id} title={<Text size="sm">{title.replace(/[:：]\s*$/, '')}</Text>}>
            {note && moment.kind !== 'note' && <Text size="sm">{note}</Text>}
            <Text size="xs" c="dimmed">
              {dateTime(moment.at, time_zone, 'long')} · {moment.actor?.name || say('automatic')}
            </Text>
          </Timeline.Item>
        )
      })}
    </Timeline>
  )
}

function AddNote({ incident }: { incident: Incident }) {
  const say = useSay(alertWords)
  const ui = useSay(uiWords)
  const changed = useChanged(incident.id)
  const { form, submit, note, pending } = useSendForm({
    initialValues: { note: '' },
    validate: { note: v => (v.trim() ? null : ui('required')) },
    send: ({ note }) => act(incident.id, 'note', { note: note.trim() }),
    done: done => {
      changed(done)
      form.reset()
    },
  })
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Textarea label={say('note')} autosize minRows={2} maxLength={2000} {...form.getInputProps('note')} />
        {note}
        <Button type="submit" size="xs" variant="default" loading={pending} style={{ alignSelf: 'flex-start' }}>
          {say('note.add')}
        </Button>
      </Stack>
    </form>
  )
}
