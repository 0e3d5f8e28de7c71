import { Badge, Group, Timeline as Line, Text } from '@mantine/core'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { dateTime, money } from '../ui/format'
import { Section } from '../ui/Section'
import type { Order, TimelineEntry } from './api'
import { statusText } from './Statuses'
import { orderWords } from './words'

type Say = ReturnType<typeof useSay<NonNullable<(typeof orderWords)['keys']>>>

/** What happened to the order, by whom, the latest first. */
export function Timeline({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const { time_zone } = useTenant()
  const entries = [...order.timeline].sort((a, b) => b.at.localeCompare(a.at))
  return (
    <Section title={say('timeline')}>
      <Line bulletSize={12} lineWidth={2} active={entries.length}>
        {entries.map(entry => (
          <Line.Item
            key={entry.id}
            title={
              <Group gap={6}>
                <Text size="sm">{what(entry, order, say)}</Text>
                {entry.public === false && (
                  <Badge size="xs" color="gray">
                    {say('timeline.internal')}
                  </Badge>
                )}
              </Group>
            }
          >
            <Text size="xs" c="dimmed">
              {dateTime(entry.at, time_zone, 'long')} · {who(entry, say)}
            </Text>
          </Line.Item>
        ))}
      </Line>
    </Section>
  )
}

function what(entry: TimelineEntry, order: Order, say: Say) {
  const kind = entry.kind.replace(/^order\./, '')
  const key = `ev.${kind}`
  if (!(key in orderWords.en)) return [kind.replaceAll('_', ' '), detail(entry, order, say)].filter(Boolean).join(': ')
  const text = say(key as 'ev.refunded', { detail: detail(entry, order, say) })
  return text.replace(/[:：]\s*$/, '').trim()
}

// The one thing worth reading of an entry's data.
function detail({ data = {} }: TimelineEntry, order: Order, say: Say): string {
  const text = (key: string) => (typeof data[key] === 'string' ? (data[key] as string) : '')
  if (typeof data.amount === 'number')
    return [money(data.amount, order.currency), text('reason')].filter(Boolean).join(', ')
  const to = text('to') || text('status')
  if (to) {
    const axis = to in fulfilmentWords ? 'do' : 'pay'
    return [statusText(say, axis, to), text('tracking_number')].filter(Boolean).join(' ')
  }
  const reason = text('reason')
  if (reason) return `reason.${reason}` in orderWords.en ? say(`reason.${reason}` as 'reason.other') : reason
  return text('text') || text('method') || (Array.isArray(data.tags) ? data.tags.join(', ') : '')
}

const fulfilmentWords = Object.fromEntries(
  Object.keys(orderWords.en)
    .filter(key => key.startsWith('do.'))
    .map(key => [key.slice(3), true]),
)

function who({ actor }: TimelineEntry, say: Say) {
  if (actor?.name) return actor.name
  const key = `by.${actor?.kind ?? ''}`
  return key in orderWords.en ? say(key as 'by.job') : (actor?.kind ?? '')
}
