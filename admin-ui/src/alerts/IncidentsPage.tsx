import { Button, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A } from '../ui/A'
import { dateTime, number } from '../ui/format'
import { List, wideOnly } from '../ui/List'
import { useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Status, type Tone } from '../ui/Status'
import { actOnMany, type Incident, incidentsQuery, kindsQuery } from './api'
import { Severity } from './Severity'
import { alertWords, severityWords } from './words'

const tones: Record<Incident['status'], Tone> = { open: 'bad', acknowledged: 'busy', resolved: 'good' }

export function IncidentStatus({ of }: { of: Incident['status'] }) {
  const say = useSay(alertWords)
  return <Status tone={tones[of]}>{say(`status.${of}`)}</Status>
}

/** Where the subject of an incident is looked after. */
export function subjectPath({ type, id, label }: Incident['subject']) {
  if (type === 'order') return { to: `/orders/${id}` }
  if (type === 'payment') return { to: '/orders', search: { q: label } }
  return { to: '/inventory', search: { q: label } }
}

export function IncidentsPage() {
  const say = useSay(alertWords)
  const sev = useSay(severityWords)
  const can = useCan()
  const state = useListState(['status', 'severity', 'kind', 'limit'])
  const query = useInfiniteQuery(incidentsQuery(state.search))
  const kinds = useQuery(kindsQuery)
  return (
    <Page title={say('incidents')}>
      <List
        name="incidents"
        state={state}
        query={query}
        columns={useColumns()}
        rowId={incident => incident.id}
        rowLabel={incident => inWords(incident.title)}
        savable
        views={[
          { id: 'open', label: say('view.open'), search: { status: 'open' } },
          { id: 'acknowledged', label: say('view.mine'), search: { status: 'acknowledged' } },
          { id: 'resolved', label: say('view.resolved'), search: { status: 'resolved' } },
        ]}
        filters={[
          {
            key: 'severity',
            label: say('severity'),
            options: (['critical', 'warning', 'info'] as const).map(value => ({ value, label: sev(value) })),
          },
          {
            key: 'kind',
            label: say('kind'),
            options: (kinds.data?.items ?? []).map(one => ({ value: one.kind, label: inWords(one.title) })),
          },
        ]}
        empty={{ title: say('empty.title'), text: say('empty.text') }}
        bulk={can('incidents:write') ? (rows, clear) => <Bulk incidents={rows} onDone={clear} /> : undefined}
      />
    </Page>
  )
}

function useColumns(): DataTableColumn<Incident>[] {
  const say = useSay(alertWords)
  const { time_zone } = useTenant()
  return [
    {
      accessor: 'severity',
      title: say('severity'),
      width: 120,
      render: incident => <Severity of={incident.severity} />,
    },
    {
      accessor: 'title',
      title: say('title'),
      render: incident => (
        <div>
          <A to={`/incidents/${incident.id}`} fw={600} size="sm">
            {inWords(incident.title)}
          </A>
          <Text size="xs" c="dimmed" lineClamp={1}>
            {inWords(incident.summary)}
          </Text>
        </div>
      ),
    },
    {
      accessor: 'subject',
      ...wideOnly,
      title: say('subject'),
      width: 170,
      render: ({ subject }) => (
        <A {...subjectPath(subject)} size="sm">
          {subject.label}
        </A>
      ),
    },
    {
      accessor: 'count',
      ...wideOnly,
      title: say('count'),
      width: 80,
      textAlign: 'right',
      render: incident => number(incident.count),
    },
    {
      accessor: 'status',
      title: say('status'),
      width: 150,
      render: incident => <IncidentStatus of={incident.status} />,
    },
    {
      accessor: 'opened_at',
      title: say('opened'),
      width: 205,
      noWrap: true,
      render: incident => dateTime(incident.opened_at, time_zone),
    },
  ]
}

function Bulk({ incidents, onDone }: { incidents: Incident[]; onDone: () => void }) {
  const say = useSay(alertWords)
  const client = useQueryClient()
  const act = useMutation({
    mutationFn: (action: 'acknowledge' | 'resolve') =>
      actOnMany(
        incidents.map(incident => incident.id),
        action,
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ['incidents'] }),
    onSuccess: results => results.every(one => one.ok) && onDone(),
  })
  const refused = act.data?.filter(one => !one.ok) ?? []
  return (
    <>
      {(['acknowledge', 'resolve'] as const).map(action => (
        <Button
          key={action}
          size="xs"
          variant="light"
          loading={act.isPending && act.variables === action}
          onClick={() => act.mutate(action)}
        >
          {say(action)}
        </Button>
      ))}
      {refused.length > 0 && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {say('bulk.failed', { count: refused.length, reason: refused[0]?.message })}
        </Text>
      )}
      <ProblemNote error={act.error} />
    </>
  )
}
