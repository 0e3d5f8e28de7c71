import { Button, Group, Stack, Table, Text, ThemeIcon, VisuallyHidden } from '@mantine/core'
import IconCheck from '@tabler/icons-react/dist/esm/icons/IconCheck.mjs'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Fragment, useState } from 'react'
import { can as includes, type Permission, useCan } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { Loaded, Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { type PermissionInfo, permissionsQuery, type Role, removeRole, rolesQuery } from './api'
import { RoleDialog } from './RoleDialog'
import { teamWords } from './words'

export type Edited = { role?: Role; isNew: boolean }

export function RolesPage() {
  const say = useSay(teamWords)
  const can = useCan()
  const roles = useQuery(rolesQuery)
  const permissions = useQuery(permissionsQuery)
  const [edited, setEdited] = useState<Edited>()
  return (
    <Page
      title={say('roles')}
      lead={say('roles.lead')}
      back={
        <A to="/team" size="sm">
          ‹ {say('title')}
        </A>
      }
      actions={can('roles:write') && <Button onClick={() => setEdited({ isNew: true })}>{say('role.new')}</Button>}
    >
      <Loaded query={roles}>
        {({ items }) => (
          <Stack>
            <Matrix roles={items} permissions={permissions.data?.items ?? []} onEdit={setEdited} />
          </Stack>
        )}
      </Loaded>
      {edited && permissions.data && (
        <RoleDialog {...edited} permissions={permissions.data.items} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  )
}

function Matrix({
  roles,
  permissions,
  onEdit,
}: {
  roles: Role[]
  permissions: PermissionInfo[]
  onEdit: (edited: Edited) => void
}) {
  const say = useSay(teamWords)
  const areas = [...new Set(permissions.map(one => one.area))]
  return (
    <Section title={say('role.permissions')}>
      <Table.ScrollContainer minWidth={240 + roles.length * 110} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={4} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('permission')}</Table.Th>
              {roles.map(role => (
                <Table.Th scope="col" key={role.name} ta="center" style={{ verticalAlign: 'top' }}>
                  <Text size="sm" fw={650}>
                    {inWords(role.title) || role.name}
                  </Text>
                  <Text size="xs" c="dimmed" fw={400}>
                    {role.builtin ? say('role.builtin') : say('role.own')}
                  </Text>
                  <RoleActions role={role} onEdit={onEdit} />
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {areas.map(area => (
              <Fragment key={area}>
                {permissions
                  .filter(one => one.area === area)
                  .map((permission, index) => (
                    <Table.Tr
                      key={permission.name}
                      style={index === 0 ? { borderTop: '2px solid var(--mantine-color-default-border)' } : undefined}
                    >
                      <Table.Th scope="row" fw={400}>
                        <Text size="sm">{inWords(permission.title) || permission.name}</Text>
                      </Table.Th>
                      {roles.map(role => {
                        const has = includes(role.permissions, permission.name as Permission)
                        return (
                          <Table.Td key={role.name} ta="center">
                            {has ? (
                              <ThemeIcon size={20} radius="xl" variant="light" aria-hidden>
                                <IconCheck size={14} />
                              </ThemeIcon>
                            ) : (
                              <span aria-hidden>·</span>
                            )}
                            <VisuallyHidden>{has ? say('yes') : say('no')}</VisuallyHidden>
                          </Table.Td>
                        )
                      })}
                    </Table.Tr>
                  ))}
              </Fragment>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  )
}

function RoleActions({ role, onEdit }: { role: Role; onEdit: (edited: Edited) => void }) {
  const say = useSay(teamWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const [isRemoving, setIsRemoving] = useState(false)
  const remove = useMutation({
    mutationFn: () => removeRole(role.name),
    onSuccess: () => client.invalidateQueries({ queryKey: rolesQuery.queryKey }),
  })
  if (!can('roles:write')) return null
  const title = inWords(role.title) || role.name
  return (
    <Group gap={4} justify="center" mt={4}>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`${say('role.copy')}: ${title}`}
        onClick={() => onEdit({ role, isNew: true })}
      >
        {say('role.copy')}
      </Button>
      {!role.builtin && (
        <>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`${ui('edit')}: ${title}`}
            onClick={() => onEdit({ role, isNew: false })}
          >
            {ui('edit')}
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`${ui('delete')}: ${title}`}
            onClick={() => setIsRemoving(true)}
          >
            {ui('delete')}
          </Button>
        </>
      )}
      {isRemoving && (
        <Dialog
          title={say('role.delete.title', { name: title })}
          lead={say('role.delete.text')}
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
    </Group>
  )
}
