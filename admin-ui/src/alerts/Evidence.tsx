import { Stack } from '@mantine/core'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A } from '../ui/A'
import { money, number } from '../ui/format'
import { Fact, Section } from '../ui/Section'
import type { Incident } from './api'
import { alertWords } from './words'

/** The figures that made the rule fire. Ids are left out: their names stand beside them. */
export function Evidence({ evidence }: { evidence: Incident['evidence'] }) {
  const say = useSay(alertWords)
  const data = evidence ?? {}
  const currency = typeof data.currency === 'string' ? data.currency : undefined
  const entries = Object.entries(data).filter(
    ([name, value]) => value !== null && value !== '' && name !== 'currency' && !name.endsWith('_id'),
  )
  if (entries.length === 0) return null
  return (
    <Section title={say('evidence')}>
      <Stack gap={4} component="dl" m={0}>
        {entries.map(([name, value]) => (
          <Fact key={name} term={term(name)}>
            {name === 'other_order' && typeof data.other_order_id === 'string' ? (
              <A to={`/orders/${data.other_order_id}`} size="sm">
                {shown(value)}
              </A>
            ) : name === 'total' && currency && typeof value === 'number' ? (
              money(value, currency)
            ) : (
              shown(value)
            )}
          </Fact>
        ))}
      </Stack>
    </Section>
  )

  function term(name: string) {
    const key = `fact.${name}`
    return key in alertWords.en ? say(key as 'fact.sku') : name.replaceAll('_', ' ')
  }
}

// Evidence is data of the rule's own; texts in several languages are said in the reader's.
function shown(value: unknown): string {
  if (typeof value === 'number') return number(value)
  if (Array.isArray(value)) return value.map(shown).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  const record = value as Record<string, unknown>
  if ('text' in record) return shown(record.text)
  if (typeof record.amount === 'number' && typeof record.currency === 'string')
    return money(record.amount, record.currency)
  if (typeof record.en === 'string' || typeof record.zh === 'string') return inWords(record as Record<string, string>)
  return Object.values(record).map(shown).join(' ')
}
