import { Alert, Button, Code, Drawer, Group, Stack, Table, Text } from '@mantine/core'
import { infiniteQueryOptions, useInfiniteQuery, useMutation } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useState } from 'react'
import { api, take } from '../api/client'
import { type Paged, pages } from '../api/paging'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { dateTime, number, withTimes } from '../ui/format'
import { List } from '../ui/List'
import { type Search, useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import { Copy, ProblemNote } from '../ui/Problem'
import { Fact } from '../ui/Section'
import { Status } from '../ui/Status'
import { differences } from './diff'
import { auditWords } from './words'

type Entry = {
  id: string
  at: string
  actor: { kind: string; id: string; name: string }
  via: string
  action: string
  object_type: string
  object_id: string
  before: unknown
  after: unknown
  request_id: string
  sealed: boolean
}
type Report = {
  ok: boolean
  entries: number
  head: string
  findings: { kind: string; seq: number; entry_id: string; detail: string }[]
}

const auditQuery = (search: Search, zone: string) =>
  infiniteQueryOptions({
    queryKey: ['audit', search],
    ...pages(query => take<Paged<Entry>>(api.GET('/api/v1/audit', { params: { query } })), withTimes(search, zone)),
  })

export function AuditPage() {
  const say = useSay(auditWords)
  const { time_zone } = useTenant()
  const state = useListState(['action', 'actor', 'object_type', 'object_id', 'from', 'to', 'limit'])
  const query = useInfiniteQuery(auditQuery(state.search, time_zone))
  const [shown, setShown] = useState<Entry>()
  const verify = useMutation({ mutationFn: () => take<Report>(api.GET('/api/v1/audit/verify')) })
  return (
    <Page
      title={say('title')}
      lead={say('lead')}
      actions={
        <Button variant="default" loading={verify.isPending} onClick={() => verify.mutate()}>
          {say('verify')}
        </Button>
      }
    >
      {verify.data && <Verdict report={verify.data} />}
      <ProblemNote error={verify.error} />
      <List
        name="audit"
        state={state}
        query={query}
        columns={useColumns(setShown)}
        rowId={entry => entry.id}
        filters={[
          { key: 'action', label: say('filter.action'), kind: 'text' },
          { key: 'actor', label: say('filter.actor'), kind: 'text' },
          { key: 'object_id', label: say('filter.object'), kind: 'text' },
          { key: 'from', label: say('from'), kind: 'date' },
          { key: 'to', label: say('to'), kind: 'date' },
        ]}
        empty={{ title: say('empty') }}
      />
      <Drawer opened={Boolean(shown)} onClose={() => setShown(undefined)} title={shown?.action}>
        {shown && <Detail entry={shown} />}
      </Drawer>
    </Page>
  )
}

function Verdict({ report }: { report: Report }) {
  const say = useSay(auditWords)
  return (
    <Alert role="status" color={report.ok ? 'teal' : 'red'}>
      <Stack gap="xs">
        <Text size="sm">
          {report.ok
            ? say('verify.ok', { entries: number(report.entries) })
            : say('verify.bad', { count: report.findings.length })}
        </Text>
        {report.findings.map(finding => (
          <Text size="sm" key={finding.entry_id + finding.kind}>
            {finding.kind}: {finding.detail}
          </Text>
        ))}
        {report.head && (
          <Group gap={4} wrap="nowrap">
            <Text size="xs">{say('head')}</Text>
            <Code style={{ overflowWrap: 'anywhere' }}>{report.head}</Code>
            <Copy value={report.head} label={say('head.copy')} />
          </Group>
        )}
      </Stack>
    </Alert>
  )
}

function useColumns(onShow: (entry: Entry) => void): DataTableColumn<Entry>[] {
  const say = useSay(auditWords)
  const { time_zone } = useTenant()
  return [
    {
      accessor: 'at',
      title: say('at'),
      width: 225,
      noWrap: true,
      render: entry => dateTime(entry.at, time_zone, 'long'),
    },
    { accessor: 'actor', title: say('actor'), width: 200, render: entry => who(entry, say) },
    { accessor: 'action', title: say('action'), width: 220 },
    {
      accessor: 'object_id',
      title: say('object'),
      render: entry => (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {entry.object_type} <Code>{entry.object_id.slice(-12)}</Code>
        </Text>
      ),
    },
    {
      accessor: 'id',
      title: say('change'),
      width: 100,
      render: entry => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={say('show.of', { action: entry.action })}
          onClick={() => onShow(entry)}
        >
          {say('show')}
        </Button>
      ),
    },
  ]
}

function who({ actor }: Entry, say: (key: 'kind.job') => string) {
  const key = `kind.${actor.kind}`
  const kind = key in auditWords.en ? say(key as 'kind.job') : actor.kind
  return actor.name ? `${actor.name} (${kind})` : kind
}

function Detail({ entry }: { entry: Entry }) {
  const say = useSay(auditWords)
  const { time_zone } = useTenant()
  const rows = differences(entry.before, entry.after)
  return (
    <Stack>
      <Stack gap={4} component="dl" m={0}>
        <Fact term={say('at')}>{dateTime(entry.at, time_zone, 'long')}</Fact>
        <Fact term={say('actor')}>{who(entry, say)}</Fact>
        <Fact term={say('object')}>
          {entry.object_type} {entry.object_id}
        </Fact>
        {entry.via && <Fact term={say('via')}>{entry.via}</Fact>}
        {entry.request_id && <Fact term={say('request')}>{entry.request_id}</Fact>}
      </Stack>
      <div>
        <Status tone={entry.sealed ? 'good' : 'waiting'}>{entry.sealed ? say('sealed') : say('unsealed')}</Status>
      </div>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          {say('nothing')}
        </Text>
      ) : (
        <Table layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('field')}</Table.Th>
              <Table.Th scope="col">{say('before')}</Table.Th>
              <Table.Th scope="col">{say('after')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody style={{ overflowWrap: 'anywhere' }}>
            {rows.map(row => (
              <Table.Tr key={row.field}>
                <Table.Th scope="row" fw={500}>
                  {row.field}
                </Table.Th>
                <Table.Td>{row.before}</Table.Td>
                <Table.Td>{row.after}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  )
}
