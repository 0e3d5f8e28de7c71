import { Group, Progress, SimpleGrid, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSay } from '../i18n'
import { number } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { usageQuery } from './api'
import { settingWords } from './words'

const metrics = ['orders_month', 'products', 'users', 'plugins'] as const

/** What the plan allows and what of it is used. */
export function Usage() {
  const say = useSay(settingWords)
  const { data, error } = useQuery(usageQuery)
  if (error) return <ProblemNote error={error} />
  if (!data) return null
  return (
    <Section title={say('plan')}>
      <Group mb="sm" gap="lg">
        <Text size="sm" fw={600}>
          {say('plan.name', { plan: data.plan })}
        </Text>
        <Text size="sm" c="dimmed">
          {say('metric.requests_second')}:{' '}
          {data.limits.requests_second ? say('plan.rate', { limit: number(data.limits.requests_second) }) : '∞'}
        </Text>
      </Group>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        {metrics.map(metric => {
          const used = data.used[metric] ?? 0
          const limit = data.limits[metric] ?? 0
          const share = limit > 0 ? Math.min(100, (100 * used) / limit) : 0
          const text =
            limit > 0
              ? say('plan.of', { used: number(used), limit: number(limit) })
              : say('plan.free', { used: number(used) })
          return (
            <div key={metric}>
              <Group justify="space-between" gap={4}>
                <Text size="sm">{say(`metric.${metric}`)}</Text>
                <Text size="sm" c="dimmed" className="tabular">
                  {text}
                </Text>
              </Group>
              <Progress
                value={share}
                color={share > 90 ? 'red' : 'teal'}
                size="sm"
                aria-label={`${say(`metric.${metric}`)}: ${text}`}
              />
            </div>
          )
        })}
      </SimpleGrid>
    </Section>
  )
}
