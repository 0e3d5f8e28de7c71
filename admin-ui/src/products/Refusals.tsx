import { Button, Code, Group, Table, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useSay } from '../i18n'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { type Refusal, refusalsQuery } from './api'
import { productWords } from './words'

/** Every line that was refused, with its reason. */
export function Refusals({ id, count, isOver }: { id: string; count: number; isOver: boolean }) {
  const say = useSay(productWords)
  const ui = useSay(uiWords)
  const query = useInfiniteQuery(refusalsQuery(id))
  const { refetch } = query
  const rows = query.data?.pages.flatMap(page => page.items) ?? []
  useEffect(() => {
    if (isOver) void refetch()
  }, [isOver, refetch])

  async function download() {
    let last: Pick<typeof query, 'hasNextPage' | 'fetchNextPage' | 'data'> = query
    while (last.hasNextPage) last = await last.fetchNextPage()
    save('refused.csv', csvOf(last.data?.pages.flatMap(page => page.items) ?? []))
  }

  return (
    <Section
      title={`${say('imp.refused')} (${count})`}
      actions={
        <Button size="xs" variant="default" onClick={() => void download()}>
          {say('imp.download')}
        </Button>
      }
    >
      <ProblemNote error={query.error} />
      <Table.ScrollContainer minWidth={520} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('imp.line')}</Table.Th>
              <Table.Th scope="col">{say('imp.field')}</Table.Th>
              <Table.Th scope="col">{say('imp.reason')}</Table.Th>
              <Table.Th scope="col">{say('imp.raw')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(row => (
              <Table.Tr key={`${row.line}-${row.field ?? ''}-${row.code ?? ''}`}>
                <Table.Th scope="row" fw={400}>
                  {row.line}
                </Table.Th>
                <Table.Td>{row.field}</Table.Td>
                <Table.Td>{row.message}</Table.Td>
                <Table.Td>
                  <Code style={{ overflowWrap: 'anywhere' }}>{row.content}</Code>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {query.hasNextPage && (
        <Group justify="center" mt="sm">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {ui('more')}
          </Button>
        </Group>
      )}
      {rows.length === 0 && query.isFetching && <Text size="sm">{ui('loading')}</Text>}
    </Section>
  )
}

function csvOf(rows: Refusal[]) {
  const cell = (value: unknown) => `"${String(value ?? '').replaceAll('"', '""')}"`
  const lines = rows.map(row => [row.line, row.field, row.message, row.content].map(cell).join(','))
  return ['line,column,reason,raw', ...lines].join('\r\n')
}

// With a byte order mark, or Excel reads Chinese as something else.
function save(name: string, csv: string) {
  const url = URL.createObjectURL(new Blob(['\ufeff', csv], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
