import { Group, Paper, Text } from '@mantine/core'
import IconDown from '@tabler/icons-react/dist/esm/icons/IconArrowDownRight.mjs'
import IconUp from '@tabler/icons-react/dist/esm/icons/IconArrowUpRight.mjs'
import { useSay } from '../i18n'
import { A } from '../ui/A'
import { number } from '../ui/format'
import type { Search } from '../ui/listState'
import { dashboardWords } from './words'

type Props = { label: string; value: string; now: number; before?: number; to: string; search?: Search }

/** One figure, how it moved against the period before, and a link to what it is made of. */
export function Tile({ label, value, now, before, to, search }: Props) {
  const change = before ? (now - before) / before : undefined
  return (
    <Paper withBorder p="md">
      <Text size="sm" c="dimmed">
        <A to={to} search={search} c="inherit">
          {label}
        </A>
      </Text>
      <Text fz={26} fw={650} className="tabular" lh={1.3}>
        {value}
      </Text>
      <Change change={change} />
    </Paper>
  )
}

function Change({ change }: { change: number | undefined }) {
  const say = useSay(dashboardWords)
  if (change === undefined) {
    return (
      <Text size="xs" c="dimmed">
        {say('change.none')}
      </Text>
    )
  }
  const percent = number(Math.abs(change), { style: 'percent', maximumFractionDigits: 0 })
  const Icon = change < 0 ? IconDown : IconUp
  const key = Math.abs(change) < 0.005 ? 'change.same' : change > 0 ? 'change.up' : 'change.down'
  return (
    <Group gap={4} wrap="nowrap" c="dimmed">
      {key !== 'change.same' && <Icon size={14} aria-hidden />}
      <Text size="xs">{say(key, { percent })}</Text>
    </Group>
  )
}
