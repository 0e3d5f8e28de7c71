import { Box, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import type { UseQueryResult } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { asProblem } from '../api/problem'
import { useSay } from '../i18n'
import { Empty, ProblemNote } from './Problem'
import { uiWords } from './words'

/** A screen: its heading, its main action, its content. */
export function Page(props: {
  title: string
  lead?: ReactNode
  badge?: ReactNode
  actions?: ReactNode
  back?: ReactNode
  children: ReactNode
}) {
  useDocumentTitle(`${props.title} · Allhours`)
  return (
    <Stack gap="md">
      <Box>
        {props.back}
        <Group justify="space-between" gap="sm" align="flex-start">
          <Group gap="sm">
            <Title order={1}>{props.title}</Title>
            {props.badge}
          </Group>
          <Group gap="xs">{props.actions}</Group>
        </Group>
        {props.lead && (
          <Text size="sm" c="dimmed" maw={720}>
            {props.lead}
          </Text>
        )}
      </Box>
      {props.children}
    </Stack>
  )
}

/** The data of a query, a skeleton after 150 ms, or the error with a way to try again. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  const say = useSay(uiWords)
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.isError) {
    if (asProblem(query.error).status === 404) return <Empty title={say('missing.title')}>{say('missing.text')}</Empty>
    return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
  }
  return <Waiting />
}

export function Waiting({ rows = 6 }: { rows?: number }) {
  const say = useSay(uiWords)
  const late = useLate(150)
  return (
    <Stack gap="sm" aria-busy aria-label={say('loading')} role="status">
      {late && [...Array(rows).keys()].map(row => <Skeleton key={row} height={28} animate />)}
    </Stack>
  )
}

function useLate(ms: number) {
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms)
    return () => clearTimeout(timer)
  }, [ms])
  return late
}
