import { Group, Paper, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** A titled part of a screen. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Group justify="space-between" mb="sm" gap="xs">
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Paper>
  )
}

/** A term and what it is, as a row of a definition list. */
export function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="md" align="baseline">
      <dt style={{ color: 'var(--mantine-color-dimmed)', fontSize: 14, whiteSpace: 'nowrap' }}>{term}</dt>
      <dd style={{ margin: 0, fontSize: 14, textAlign: 'right', overflowWrap: 'anywhere' }} className="tabular">
        {children}
      </dd>
    </Group>
  )
}
