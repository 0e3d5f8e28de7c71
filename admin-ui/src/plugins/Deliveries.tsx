import { Button, Group, Table, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { dateTime } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { Status, type Tone } from '../ui/Status'
import { uiWords } from '../ui/words'
import { type Delivery, type Installation, pluginDeliveriesQuery, replay } from './api'
import { pluginWords } from './words'

const tones: Record<Delivery['state'], Tone> = {
  received: 'busy',
  accepted: 'good',
  duplicate: 'quiet',
  ignored: 'quiet',
  refused: 'bad',
  failed: 'bad',
}

/** What the provider told us, and what became of it. */
export function Deliveries({ installation }: { installation: Installation }) {
  const say = useSay(pluginWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const { time_zone } = useTenant()
  const options = pluginDeliveriesQuery(installation.id)
  const query = useInfiniteQuery(options)
  const again = useMutation({
    mutationFn: (id: string) => replay(installation.id, id),
    onSettled: () => client.invalidateQueries({ queryKey: options.queryKey }),
  })
  const rows = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <Section title={say('deliveries')}>
      <ProblemNote error={query.error ?? again.error} />
      {query.data && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          {say('deliveries.none')}
        </Text>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{say('at')}</Table.Th>
                <Table.Th scope="col">{say('state')}</Table.Th>
                <Table.Th scope="col">{say('detail')}</Table.Th>
                {can('plugins:write') && <Table.Th scope="col">{ui('actions')}</Table.Th>}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(row => (
                <Table.Tr key={row.id}>
                  <Table.Th scope="row" fw={400}>
                    {dateTime(row.received_at, time_zone, 'long')}
                  </Table.Th>
                  <Table.Td>
                    <Status tone={tones[row.state]}>{say(`dlv.${row.state}`)}</Status>
                  </Table.Td>
                  <Table.Td>{row.detail || row.dedupe_id}</Table.Td>
                  {can('plugins:write') && (
                    <Table.Td>
                      <Button
                        size="compact-sm"
                        variant="default"
                        loading={again.isPending && again.variables === row.id}
                        onClick={() => again.mutate(row.id)}
                      >
                        {say('replay')}
                      </Button>
                    </Table.Td>
                  )}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {query.hasNextPage && (
        <Group justify="center" mt="sm">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {ui('more')}
          </Button>
        </Group>
      )}
    </Section>
  )
}
