import { Badge, Button, Group, Menu, MultiSelect, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import IconDots from '@tabler/icons-react/dist/esm/icons/IconDots.mjs'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan, useMe, useTenant } from '../api/session'
import { isEmail } from '../auth/rules'
import { language, languages, useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { ButtonLink } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { ago } from '../ui/format'
import { Loaded, Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { Status } from '../ui/Status'
import { uiWords } from '../ui/words'
import { changeMember, invite, type Member, membersQuery, removeMember, rolesQuery } from './api'
import { Invitations } from './Invitations'
import { teamWords } from './words'

export function MembersPage() {
  const say = useSay(teamWords)
  const can = useCan()
  const query = useQuery(membersQuery)
  const [isInviting, setIsInviting] = useState(false)
  return (
    <Page
      title={say('title')}
      actions={
        <>
          <ButtonLink to="/team/roles" variant="default">
            {say('roles')}
          </ButtonLink>
          {can('members:write') && <Button onClick={() => setIsInviting(true)}>{say('invite')}</Button>}
        </>
      }
    >
      <Loaded query={query}>{({ items }) => <Members members={items} />}</Loaded>
      <Invitations />
      {isInviting && <Invite onClose={() => setIsInviting(false)} />}
    </Page>
  )
}

export function useRoleNames() {
  const roles = useQuery(rolesQuery).data?.items ?? []
  return {
    name: (role: string) => inWords(roles.find(one => one.name === role)?.title) || role,
    options: roles.map(role => ({ value: role.name, label: inWords(role.title) || role.name })),
  }
}

function Members({ members }: { members: Member[] }) {
  const say = useSay(teamWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const me = useMe()
  const roles = useRoleNames()
  return (
    <Section title={say('members')}>
      <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{say('name')}</Table.Th>
              <Table.Th scope="col">{say('role')}</Table.Th>
              <Table.Th scope="col">{say('status')}</Table.Th>
              <Table.Th scope="col">{say('totp')}</Table.Th>
              <Table.Th scope="col">{say('seen')}</Table.Th>
              {can('members:write') && <Table.Th scope="col">{ui('actions')}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {members.map(member => (
              <Table.Tr key={member.id}>
                <Table.Th scope="row">
                  <Text size="sm" fw={600}>
                    {member.name} {member.id === me.member.id && `(${say('you')})`}
                  </Text>
                  <Text size="xs" c="dimmed" fw={400}>
                    {member.email}
                  </Text>
                </Table.Th>
                <Table.Td>
                  <Group gap={4}>
                    {member.roles.map(role => (
                      <Badge key={role} color="gray">
                        {roles.name(role)}
                      </Badge>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td>
                  <Status tone={member.status === 'active' ? 'good' : 'over'}>{say(`status.${member.status}`)}</Status>
                </Table.Td>
                <Table.Td>
                  <Status tone={member.totp_enabled ? 'good' : 'quiet'}>
                    {member.totp_enabled ? say('on') : say('off')}
                  </Status>
                </Table.Td>
                <Table.Td>{member.last_seen_at ? ago(member.last_seen_at) : say('never')}</Table.Td>
                {can('members:write') && (
                  <Table.Td>
                    <Actions member={member} />
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

function Actions({ member }: { member: Member }) {
  const say = useSay(teamWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const [open, setOpen] = useState<'roles' | 'remove'>()
  const close = () => setOpen(undefined)
  const changed = () => client.invalidateQueries({ queryKey: ['members'] })
  const lock = useMutation({
    mutationFn: () => changeMember(member.id, { status: member.status === 'active' ? 'disabled' : 'active' }),
    onSettled: changed,
  })
  const remove = useMutation({
    mutationFn: () => removeMember(member.id),
    onSuccess: () => {
      void changed()
      close()
    },
  })
  const name = member.name || member.email
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="compact-sm" variant="default" aria-label={`${ui('actions')}: ${name}`} loading={lock.isPending}>
            <IconDots size={16} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setOpen('roles')}>{say('change')}</Menu.Item>
          <Menu.Item onClick={() => lock.mutate()}>
            {member.status === 'active' ? say('disable') : say('enable')}
          </Menu.Item>
          <Menu.Item color="red" onClick={() => setOpen('remove')}>
            {say('remove')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ProblemNote error={lock.error} />
      {open === 'roles' && <Roles member={member} onClose={close} />}
      {open === 'remove' && (
        <Dialog
          title={say('remove.title', { name })}
          lead={say('remove.text')}
          onClose={close}
          onSubmit={event => {
            event?.preventDefault()
            remove.mutate()
          }}
          pending={remove.isPending}
          note={<ProblemNote error={remove.error} />}
          go={say('remove')}
          danger
        />
      )}
    </>
  )
}

function Roles({ member, onClose }: { member: Member; onClose: () => void }) {
  const say = useSay(teamWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const roles = useRoleNames()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { roles: member.roles },
    validate: { roles: v => (v.length > 0 ? null : say('roles.least')) },
    send: values => changeMember(member.id, values),
    done: () => {
      void client.invalidateQueries({ queryKey: ['members'] })
      void client.invalidateQueries({ queryKey: ['me'] })
      onClose()
    },
  })
  return (
    <Dialog
      title={say('change.title', { name: member.name || member.email })}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={ui('save')}
    >
      <MultiSelect label={say('role')} data={roles.options} data-autofocus {...form.getInputProps('roles')} />
    </Dialog>
  )
}

function Invite({ onClose }: { onClose: () => void }) {
  const say = useSay(teamWords)
  const client = useQueryClient()
  const tenant = useTenant()
  const roles = useRoleNames()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { email: '', roles: ['clerk'], language: tenant.language || language() },
    validate: {
      email: v => (isEmail(v) ? null : say('email.invalid')),
      roles: v => (v.length > 0 ? null : say('roles.least')),
    },
    send: values => invite({ ...values, email: values.email.trim() }),
    done: (_, { email }) => {
      notifications.show({ message: say('invite.sent', { email }) })
      void client.invalidateQueries({ queryKey: ['members'] })
      onClose()
    },
  })
  return (
    <Dialog
      title={say('invite.title')}
      lead={say('invite.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('invite')}
    >
      <Stack gap="sm">
        <TextInput label={say('email')} type="email" required data-autofocus {...form.getInputProps('email')} />
        <MultiSelect label={say('role')} required data={roles.options} {...form.getInputProps('roles')} />
        <Select
          label={say('language')}
          allowDeselect={false}
          data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
          {...form.getInputProps('language')}
        />
      </Stack>
    </Dialog>
  )
}
