import { ActionIcon, Alert, Button, Center, CopyButton, Group, Stack, Text, Title, Tooltip } from '@mantine/core'
import IconAlertTriangle from '@tabler/icons-react/dist/esm/icons/IconAlertTriangle.mjs'
import IconCheck from '@tabler/icons-react/dist/esm/icons/IconCheck.mjs'
import IconCopy from '@tabler/icons-react/dist/esm/icons/IconCopy.mjs'
import IconLock from '@tabler/icons-react/dist/esm/icons/IconLock.mjs'
import IconMoodEmpty from '@tabler/icons-react/dist/esm/icons/IconMoodEmpty.mjs'
import type { ReactNode } from 'react'
import { asProblem, type Problem } from '../api/problem'
import { type Say, useSay } from '../i18n'
import { uiWords } from './words'

/** One sentence for a person: what went wrong and what to do. */
export function problemText(problem: Problem, say: Say<'problem.offline' | 'problem.unexpected' | 'problem.wait'>) {
  if (problem.code === 'offline') return say('problem.offline')
  if (problem.code === 'unexpected') return `${say('problem.unexpected')} ${problem.message}`
  if (problem.retryAfter) return say('problem.wait', { seconds: problem.retryAfter })
  return problem.detail || problem.title
}

/** An error where it happened. Fields that a form already shows beside their inputs are left to it. */
export function ProblemNote({
  error,
  about,
  onRetry,
  shown = [],
}: {
  error: unknown
  /** What of several things it was, such as the name of a file. */
  about?: string
  onRetry?: () => void
  shown?: string[]
}) {
  const say = useSay(uiWords)
  if (!error) return null
  const problem = asProblem(error)
  if (problem.status === 403) {
    return (
      <Empty icon={<IconLock size={32} aria-hidden />} title={say('forbidden.title')}>
        {problemText(problem, say)}
      </Empty>
    )
  }
  const others = Object.entries(problem.fields).filter(([path]) => !shown.includes(path))
  return (
    <Alert role="alert" color="red" icon={<IconAlertTriangle aria-hidden />} title={about ?? say('problem.title')}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{problemText(problem, say)}</Text>
        {others.map(([path, message]) => (
          <Text size="sm" key={path}>
            {path}: {message}
          </Text>
        ))}
        {problem.requestId && <RequestId id={problem.requestId} />}
        {onRetry && (
          <Button size="xs" color="red" variant="filled" onClick={onRetry}>
            {say('retry')}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}

function RequestId({ id }: { id: string }) {
  const say = useSay(uiWords)
  return (
    <Group gap={4}>
      <Text size="xs" ff="monospace">
        {say('problem.id')} {id}
      </Text>
      <Copy value={id} label={say('problem.copy')} />
    </Group>
  )
}

/** A small button that copies a value, and says that it did. */
export function Copy({ value, label }: { value: string; label: string }) {
  const say = useSay(uiWords)
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? say('copied') : label}>
          <ActionIcon size={24} onClick={copy} aria-label={copied ? say('copied') : label}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}

export function Forbidden({ permission }: { permission: string }) {
  const say = useSay(uiWords)
  return (
    <Empty icon={<IconLock size={32} aria-hidden />} title={say('forbidden.title')}>
      {say('forbidden.text', { permission })}
    </Empty>
  )
}

/** What stands where there is nothing: one sentence, at most one action. */
export function Empty(props: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="xs" maw={420} ta="center" c="dimmed">
        {props.icon ?? <IconMoodEmpty size={32} aria-hidden />}
        <Title order={2} size="h4" c="var(--mantine-color-text)">
          {props.title}
        </Title>
        {props.children && <Text size="sm">{props.children}</Text>}
        {props.action}
      </Stack>
    </Center>
  )
}
