import { ActionIcon, Button, Checkbox, Group, Popover, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDisclosure } from '@mantine/hooks'
import IconX from '@tabler/icons-react/dist/esm/icons/IconX.mjs'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { type ListState, sameSearch } from './listState'
import { ProblemNote } from './Problem'
import { useSavedViews, type View } from './savedViews'
import { uiWords } from './words'

type Props = { name: string; state: ListState; views: View[]; savable?: boolean }

/** The views of a list as buttons: those that ship with it, then those that were saved. Changing a filter leaves the view and offers to save it. */
export function ViewTabs({ name, state, views: given, savable = false }: Props) {
  const say = useSay(uiWords)
  const own = useSavedViews(name, savable)
  const views: View[] = [{ id: 'all', label: say('all'), search: {} }, ...given, ...own.views]
  const filters = Object.fromEntries(Object.entries(state.search).filter(([key]) => key !== 'limit'))
  const active = views.find(view => sameSearch(view.search, filters))
  const canShare = useCan()('settings:write')
  if (given.length === 0 && own.views.length === 0 && (!savable || active)) return null
  return (
    <>
      <Group gap={4} role="group" aria-label={say('views')}>
        {views.map(view => (
          <Group gap={0} key={view.id} wrap="nowrap">
            <Button
              size="xs"
              radius="xl"
              variant={view === active ? 'light' : 'subtle'}
              color={view === active ? 'teal' : 'gray'}
              aria-pressed={view === active}
              onClick={() => state.show(view.search)}
            >
              {view.saved === 'shared' ? say('view.ofTeam', { name: view.label }) : view.label}
            </Button>
            {(view.saved === 'own' || (view.saved === 'shared' && canShare)) && (
              <ActionIcon
                size={24}
                aria-label={say('view.delete', { name: view.label })}
                onClick={() => own.remove.mutate(view.id)}
              >
                <IconX size={14} />
              </ActionIcon>
            )}
          </Group>
        ))}
        {!active && savable && (
          <SaveView
            canShare={canShare}
            onSave={(name, shared) => own.save.mutate({ name, query: filters, shared })}
            onReset={() => state.show({})}
          />
        )}
      </Group>
      <ProblemNote error={own.error} />
    </>
  )
}

type SaveProps = { canShare: boolean; onSave: (name: string, shared: boolean) => void; onReset: () => void }

function SaveView({ canShare, onSave, onReset }: SaveProps) {
  const say = useSay(uiWords)
  const [opened, { toggle, close }] = useDisclosure()
  const form = useForm({
    initialValues: { label: '', shared: false },
    validate: { label: v => (v.trim() ? null : say('required')) },
  })
  return (
    <Group gap={4}>
      <Popover opened={opened} onChange={toggle} trapFocus returnFocus withArrow>
        <Popover.Target>
          <Button size="xs" variant="default" onClick={toggle}>
            {say('view.save')}
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label={say('view.save')}>
          <form
            onSubmit={form.onSubmit(({ label, shared }) => {
              onSave(label.trim(), shared)
              form.reset()
              close()
            })}
          >
            <Stack gap="xs">
              <TextInput label={say('view.name')} maxLength={100} data-autofocus {...form.getInputProps('label')} />
              {canShare && (
                <Checkbox label={say('view.shared')} {...form.getInputProps('shared', { type: 'checkbox' })} />
              )}
              <Button type="submit">{say('save')}</Button>
            </Stack>
          </form>
        </Popover.Dropdown>
      </Popover>
      <Button size="xs" variant="subtle" color="gray" onClick={onReset}>
        {say('view.reset')}
      </Button>
    </Group>
  )
}
