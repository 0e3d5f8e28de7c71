import { Group, Paper, Progress, Stack, Text, ThemeIcon, Title, VisuallyHidden } from '@mantine/core'
import IconCheck from '@tabler/icons-react/dist/esm/icons/IconCheck.mjs'
import IconCircleDashed from '@tabler/icons-react/dist/esm/icons/IconCircleDashed.mjs'
import { useSay } from '../i18n'
import { A } from '../ui/A'
import type { Dashboard } from './api'
import { dashboardWords } from './words'

// What the server's steps mean here. It names them, we say them and know where they are done.
const known = {
  product: { say: 'first.product', to: '/products/new' },
  stock: { say: 'first.stock', to: '/inventory' },
  payment: { say: 'first.payment', to: '/plugins' },
  team: { say: 'first.team', to: '/team' },
  category: { say: 'first.category', to: '/products/categories' },
  order: { say: 'first.order', to: '/orders/new' },
} as const
type Step = keyof typeof known

export function Checklist({ steps }: { steps: Dashboard['checklist'] }) {
  const say = useSay(dashboardWords)
  const shown = steps.filter(step => step.id in known)
  const done = shown.filter(step => step.done).length
  if (shown.length === 0 || done === shown.length) return null
  return (
    <Paper withBorder p="md" component="section" aria-label={say('first.title')}>
      <Group justify="space-between">
        <Title order={2} size="h5">
          {say('first.title')}
        </Title>
        <Text size="sm" c="dimmed">
          {say('first.lead', { done, total: shown.length })}
        </Text>
      </Group>
      <Progress
        value={(100 * done) / shown.length}
        my="xs"
        size="sm"
        aria-label={say('first.lead', { done, total: shown.length })}
      />
      <Stack gap={6} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
        {shown.map(step => {
          const { say: key, to } = known[step.id as Step]
          return (
            <Group key={step.id} component="li" gap="xs" wrap="nowrap">
              <ThemeIcon
                size={22}
                radius="xl"
                variant={step.done ? 'filled' : 'light'}
                color={step.done ? 'teal' : 'gray'}
              >
                {step.done ? <IconCheck size={14} /> : <IconCircleDashed size={14} />}
              </ThemeIcon>
              {step.done ? (
                <Text size="sm" c="dimmed">
                  {say(key)}
                  <VisuallyHidden> ({say('done')})</VisuallyHidden>
                </Text>
              ) : (
                <A to={to} size="sm">
                  {say(key)}
                </A>
              )}
            </Group>
          )
        })}
      </Stack>
    </Paper>
  )
}
