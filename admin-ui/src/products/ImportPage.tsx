import { Alert, Button, Code, FileInput, Group, Progress, Stack, Table, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { A } from '../ui/A'
import { dateTime, number } from '../ui/format'
import { Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { Status, type Tone } from '../ui/Status'
import { cancelImport, type Import, importQuery, importsQuery, startImport } from './api'
import { Refusals } from './Refusals'
import { productWords } from './words'

/** Brings products from a file: first a check that changes nothing and names every bad line, then the import itself. */
export function ImportPage() {
  const say = useSay(productWords)
  const client = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [id, setId] = useState<string>()
  const [isReal, setIsReal] = useState(false)
  const start = useMutation({
    mutationFn: ({ file, dryRun }: { file: File; dryRun: boolean }) => startImport(file, dryRun),
    onSuccess: (made, { dryRun }) => {
      setIsReal(!dryRun)
      setId(made.id)
      void client.invalidateQueries({ queryKey: importsQuery.queryKey })
    },
  })
  const current = useQuery({
    ...importQuery(id ?? ''),
    enabled: Boolean(id),
    refetchInterval: query => (isOver(query.state.data) ? false : 1_000),
  })
  const run = current.data
  const checked = run && isOver(run) && !isReal && run.status !== 'failed' && run.status !== 'cancelled'

  function again() {
    setFile(null)
    setId(undefined)
    start.reset()
  }

  return (
    <Page
      title={say('imp.title')}
      lead={say('imp.lead')}
      back={
        <A to="/products" size="sm">
          ‹ {say('title')}
        </A>
      }
    >
      <Section title={say('imp.file')}>
        <Stack>
          <Text size="sm">
            <b>{say('imp.format')}: </b>
            {say('imp.format.text')}
          </Text>
          <Group align="flex-end">
            <FileInput
              label={say('imp.file')}
              placeholder={say('imp.choose')}
              accept=".csv,text/csv"
              value={file}
              w={320}
              maw="100%"
              disabled={Boolean(id)}
              onChange={setFile}
            />
            {!id && (
              <Button
                disabled={!file}
                loading={start.isPending}
                onClick={() => file && start.mutate({ file, dryRun: true })}
              >
                {say('imp.check')}
              </Button>
            )}
            {checked && run.accepted > 0 && (
              <Button loading={start.isPending} onClick={() => file && start.mutate({ file, dryRun: false })}>
                {say('imp.run', { count: run.accepted })}
              </Button>
            )}
            {id && run && isOver(run) && (
              <Button variant="default" onClick={again}>
                {say('imp.again')}
              </Button>
            )}
          </Group>
          <ProblemNote error={start.error ?? current.error} />
          {run && <Outcome run={run} isReal={isReal} />}
        </Stack>
      </Section>
      {run && run.refused > 0 && <Refusals key={run.id} id={run.id} count={run.refused} isOver={isOver(run)} />}
      <Past />
    </Page>
  )
}

function isOver(run: Import | undefined) {
  return run !== undefined && !['queued', 'pending', 'running'].includes(run.status)
}

function Outcome({ run, isReal }: { run: Import; isReal: boolean }) {
  const say = useSay(productWords)
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => cancelImport(run.id),
    onSettled: () => client.invalidateQueries({ queryKey: importQuery(run.id).queryKey }),
  })
  const counts = { lines: number(run.lines), accepted: number(run.accepted), refused: number(run.refused) }
  if (!isOver(run)) {
    return (
      <Stack gap="xs">
        <Progress value={100} animated aria-label={say('imp.running', counts)} />
        <Group justify="space-between">
          <Text size="sm" role="status">
            {say('imp.running', counts)}
          </Text>
          <Button size="xs" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            {say('imp.cancel')}
          </Button>
        </Group>
      </Stack>
    )
  }
  if (run.status === 'failed')
    return <Alert color="red">{[say('imp.failed'), run.error].filter(Boolean).join(' ')}</Alert>
  if (run.status === 'cancelled') return <Alert color="yellow">{say('imp.cancelled')}</Alert>
  return (
    <Alert role="status" color={run.refused > 0 ? 'yellow' : 'teal'}>
      {isReal ? say('imp.done', counts) : say('imp.checked', counts)}
    </Alert>
  )
}

const tones: Record<string, Tone> = { done: 'good', completed: 'good', failed: 'bad', cancelled: 'over' }

function Past() {
  const say = useSay(productWords)
  const { time_zone } = useTenant()
  const { data } = useQuery(importsQuery)
  if (!data?.items.length) return null
  return (
    <Section title={say('imp.past')}>
      <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('imp.when')}</Table.Th>
              <Table.Th scope="col">{say('type')}</Table.Th>
              <Table.Th scope="col">{say('status')}</Table.Th>
              <Table.Th scope="col">{say('imp.lines')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map(run => {
              const key = `imp.status.${run.status}`
              return (
                <Table.Tr key={run.id}>
                  <Table.Th scope="row" fw={400}>
                    {dateTime(run.created_at, time_zone)}
                  </Table.Th>
                  <Table.Td>
                    {run.dry_run ? say('imp.kind.dry') : say('imp.kind.real')} <Code>{run.kind}</Code>
                  </Table.Td>
                  <Table.Td>
                    <Status tone={tones[run.status] ?? 'busy'}>
                      {key in productWords.en ? say(key as 'imp.status.done') : run.status}
                    </Status>
                  </Table.Td>
                  <Table.Td>
                    {say('imp.running', {
                      lines: number(run.lines),
                      accepted: number(run.accepted),
                      refused: number(run.refused),
                    })}
                  </Table.Td>
                </Table.Tr>
              )
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  )
}
