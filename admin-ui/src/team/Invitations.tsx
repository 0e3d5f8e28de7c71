import { Button, Table } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { dateTime } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { invitationsQuery, uninvite } from './api'
import { useRoleNames } from './MembersPage'
import { teamWords } from './words'

export function Invitations() {
  const say = useSay(teamWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const { time_zone } = useTenant()
  const roles = useRoleNames()
  const { data } = useQuery(invitationsQuery)
  const revoke = useMutation({
    mutationFn: uninvite,
    onSettled: () => client.invalidateQueries({ queryKey: ['members'] }),
  })
  if (!data?.items.length) return null
  return (
    <Section title={say('invitations')}>
      <ProblemNote error={revoke.error} />
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('email')}</Table.Th>
              <Table.Th scope="col">{say('role')}</Table.Th>
              <Table.Th scope="col">{say('invitedBy')}</Table.Th>
              <Table.Th scope="col">{say('expires')}</Table.Th>
              {can('members:write') && <Table.Th scope="col">{ui('actions')}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map(one => (
              <Table.Tr key={one.id}>
                <Table.Th scope="row">{one.email}</Table.Th>
                <Table.Td>{one.roles.map(roles.name).join(', ')}</Table.Td>
                <Table.Td>{one.invited_by}</Table.Td>
                <Table.Td>{dateTime(one.expires_at, time_zone)}</Table.Td>
                {can('members:write') && (
                  <Table.Td>
                    <Button
                      size="compact-sm"
                      variant="default"
                      loading={revoke.isPending && revoke.variables === one.id}
                      aria-label={`${say('revoke')}: ${one.email}`}
                      onClick={() => revoke.mutate(one.id)}
                    >
                      {say('revoke')}
                    </Button>
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
