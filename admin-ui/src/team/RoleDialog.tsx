import { Checkbox, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { can as includes, type Permission, useCan } from '../api/session'
import { languages, useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { uiWords } from '../ui/words'
import { type PermissionInfo, rolesQuery, saveRole } from './api'
import type { Edited } from './RolesPage'
import { teamWords } from './words'

type Props = Edited & { permissions: PermissionInfo[]; onClose: () => void }

/** A role of the shop's own. Only what one has oneself can be given. */
export function RoleDialog({ role, isNew, permissions, onClose }: Props) {
  const say = useSay(teamWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const given = permissions
    .filter(one => includes(role?.permissions ?? [], one.name as Permission))
    .map(one => one.name)
  const { form, submit, note, pending } = useSendForm({
    initialValues: {
      name: isNew ? '' : (role?.name ?? ''),
      title: isNew ? ({} as Record<string, string>) : (role?.title ?? {}),
      permissions: given.filter(name => !isNew || can(name as Permission)),
    },
    validate: {
      name: v => (/^[a-z][a-z0-9-]{1,38}$/.test(v) ? null : say('role.name.invalid')),
      title: v => (Object.values(v).some(text => text.trim()) ? null : ui('required')),
    },
    send: ({ name, title, permissions }) =>
      saveRole(
        name,
        { title: Object.fromEntries(Object.entries(title).filter(([, text]) => text.trim())), permissions },
        isNew,
      ),
    done: () => {
      void client.invalidateQueries({ queryKey: rolesQuery.queryKey })
      void client.invalidateQueries({ queryKey: ['me'] })
      onClose()
    },
  })
  const areas = [...new Set(permissions.map(one => one.area))]

  return (
    <Dialog
      title={isNew ? say('role.new') : say('role.edit')}
      lead={say('role.lack')}
      size="lg"
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={ui('save')}
    >
      {isNew && (
        <TextInput
          label={say('role.name')}
          description={say('role.name.hint')}
          required
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('name')}
        />
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {Object.entries(languages).map(([code, label], index) => (
          <TextInput
            key={code}
            lang={code}
            label={say('role.title', { language: label })}
            maxLength={100}
            {...form.getInputProps(`title.${code}`)}
            value={form.values.title[code] ?? ''}
            error={form.errors[`title.${code}`] ?? (index === 0 ? form.errors.title : undefined)}
          />
        ))}
      </SimpleGrid>
      <Checkbox.Group aria-label={say('role.permissions')} {...form.getInputProps('permissions')}>
        <Text size="sm" fw={500} mb={4}>
          {say('role.permissions')}
        </Text>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {areas.map(area => (
            <Stack key={area} gap={6}>
              {permissions
                .filter(one => one.area === area)
                .map(one => (
                  <Checkbox
                    key={one.name}
                    value={one.name}
                    label={inWords(one.title) || one.name}
                    disabled={!can(one.name as Permission) && !form.values.permissions.includes(one.name)}
                  />
                ))}
            </Stack>
          ))}
        </SimpleGrid>
      </Checkbox.Group>
    </Dialog>
  )
}
