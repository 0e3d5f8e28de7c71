import { Alert, NumberInput, SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { number } from '../ui/format'
import { adjust, type Level, setLevelSettings, setOnHand } from './api'
import { inventoryWords } from './words'

const modes = ['count', 'adjust', 'settings'] as const
const reasons = ['count', 'damaged', 'lost', 'found', 'returned', 'sample', 'correction'] as const

/** Changes one level: by a count (refused if the figure moved meanwhile), by a difference, or what of it is for sale. */
export function LevelDialog({ level, onClose }: { level: Level; onClose: () => void }) {
  const say = useSay(inventoryWords)
  const client = useQueryClient()
  const [mode, setMode] = useState<(typeof modes)[number]>('count')
  const [seen, setSeen] = useState(level.on_hand)
  const { form, submit, note, pending, error } = useSendForm({
    initialValues: {
      on_hand: level.on_hand as number | string,
      delta: '' as number | string,
      reason: 'count',
      safety: level.safety,
      oversell_limit: level.oversell_limit,
      incoming: level.incoming,
    },
    validate: {
      delta: v => (mode === 'adjust' && !Number(v) ? say('delta.zero') : null),
      on_hand: v => (mode === 'count' && v === '' ? say('delta.zero') : null),
    },
    send: async ({ on_hand, delta, reason, ...settings }) => {
      if (mode === 'settings') return setLevelSettings(level.level_id, settings)
      const why = say(`reason.${reason as 'count'}`)
      if (mode === 'adjust') return adjust(level.level_id, { delta: Number(delta), reason: why })
      try {
        return await setOnHand(level.level_id, { on_hand: Number(on_hand), expected_on_hand: seen, reason: why })
      } catch (thrown) {
        await client.invalidateQueries({ queryKey: ['inventory'] })
        throw thrown
      }
    },
    done: () => {
      void client.invalidateQueries({ queryKey: ['inventory'] })
      void client.invalidateQueries({ queryKey: ['products'] })
      onClose()
    },
  })
  const moved = error && asProblem(error).code === 'inventory.changed' ? currentOf(client, level.level_id) : undefined
  if (moved !== undefined && moved !== seen && !pending) setSeen(moved)

  return (
    <Dialog
      title={say('change.title', { sku: level.sku, location: level.location_name ?? '' })}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={moved !== undefined ? <Alert color="yellow">{say('conflict', { count: number(moved) })}</Alert> : note}
      go={say('go')}
    >
      <SegmentedControl
        aria-label={say('mode')}
        data={modes.map(value => ({ value, label: say(`mode.${value}`) }))}
        value={mode}
        onChange={value => setMode(value as typeof mode)}
      />
      {mode === 'count' && (
        <NumberInput
          label={say('counted')}
          description={say('counted.hint', { count: number(seen) })}
          min={0}
          allowDecimal={false}
          data-autofocus
          {...form.getInputProps('on_hand')}
        />
      )}
      {mode === 'adjust' && (
        <Stack gap={4}>
          <NumberInput label={say('delta')} allowDecimal={false} data-autofocus {...form.getInputProps('delta')} />
          <Text size="sm" c="dimmed">
            {say('after', { count: number(seen + Number(form.values.delta || 0)) })}
          </Text>
        </Stack>
      )}
      {mode === 'settings' ? (
        <>
          <NumberInput
            label={say('safety')}
            description={say('safety.hint')}
            min={0}
            allowDecimal={false}
            {...form.getInputProps('safety')}
          />
          <NumberInput
            label={say('incoming')}
            description={say('incoming.hint')}
            min={0}
            allowDecimal={false}
            {...form.getInputProps('incoming')}
          />
          <NumberInput
            label={say('oversell')}
            description={say('oversell.hint')}
            min={0}
            allowDecimal={false}
            {...form.getInputProps('oversell_limit')}
          />
        </>
      ) : (
        <Select
          label={say('reason')}
          allowDeselect={false}
          data={reasons.map(value => ({ value, label: say(`reason.${value}`) }))}
          {...form.getInputProps('reason')}
        />
      )}
    </Dialog>
  )
}

// The figure as the list shows it after it was fetched again.
function currentOf(client: ReturnType<typeof useQueryClient>, id: string) {
  const lists = client.getQueriesData<{ pages: { items: Level[] }[] }>({ queryKey: ['inventory', 'levels'] })
  return lists.flatMap(([, data]) => data?.pages.flatMap(page => page.items) ?? []).find(level => level.level_id === id)
    ?.on_hand
}
