import { ActionIcon, Button, Group, Popover, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDisclosure } from '@mantine/hooks'
import IconX from '@tabler/icons-react/dist/esm/icons/IconX.mjs'
import { useSay } from '../i18n'
import { type ListState, sameSearch } from './listState'
import { ProblemNote } from './Problem'
import { useSavedViews, type View } from './savedViews'
import { uiWords } from './words'

type Props = { name: string; state: ListState; views: View[]; savable?: boolean }

/** The views of a list as buttons: those that ship with it, then one's own. Changing a filter leaves the view and offers to save it. */
export function ViewTabs({ name, state, views: given, savable = false }: Props) {
  const say = useSay(uiWords)
  const own = useSavedViews(name, savable)
  const views: View[] = [{ id: 'all', label: say('all'), search: {} }, ...given, ...own.views]
  const filters = Object.fromEntries(Object.entries(state.search).filter(([key]) => key !== 'limit'))
  const active = views.find(view => sameSearch(view.search, filters))
  if (given.length === 0 && own.views.length === 0) return null
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
              {view.label}
            </Button>
            {view.own && (
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
          <SaveView onSave={label => own.save.mutate({ name: label, query: filters })} onReset={() => state.show({})} />
        )}
      </Group>
      <ProblemNote error={own.error} />
    </>
  )
}

function SaveView({ onSave, onReset }: { onSave: (label: string) => void; onReset: () => void }) {
  const say = useSay(uiWords)
  const [opened, { toggle, close }] = useDisclosure()
  const form = useForm({ initialValues: { label: '' }, validate: { label: v => (v.trim() ? null : say('required')) } })
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
            onSubmit={form.onSubmit(({ label }) => {
              onSave(label.trim())
              close()
            })}
          >
            <Group align="flex-end" gap="xs">
              <TextInput label={say('view.name')} data-autofocus {...form.getInputProps('label')} />
              <Button type="submit">{say('save')}</Button>
            </Group>
          </form>
        </Popover.Dropdown>
      </Popover>
      <Button size="xs" variant="subtle" color="gray" onClick={onReset}>
        {say('view.reset')}
      </Button>
    </Group>
  )
}
