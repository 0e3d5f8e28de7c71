import { Button, Group, List, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { dateTime, number } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { reconcile, reconciliationQuery } from './api'
import { inventoryWords } from './words'

/** When the levels were last held against their movements, and what was found. */
export function Drift() {
  const say = useSay(inventoryWords)
  const can = useCan()
  const client = useQueryClient()
  const { time_zone } = useTenant()
  const [asked, setAsked] = useState(false)
  const query = useQuery(reconciliationQuery)
  const run = useMutation({
    mutationFn: reconcile,
    onSuccess: found => {
      client.setQueryData(reconciliationQuery.queryKey, { last: found })
      setAsked(false)
      if (found.repaired > 0) void client.invalidateQueries({ queryKey: ['inventory', 'levels'] })
    },
  })
  if (!query.data) return null
  const { last } = query.data
  const figures = last && {
    at: dateTime(last.at, time_zone),
    checked: number(last.checked),
    drifted: number(last.drifted),
  }
  return (
    <Section
      title={say('drift.title')}
      actions={
        can('inventory:write') && (
          <>
            <Button size="xs" variant="default" loading={run.isPending} onClick={() => run.mutate(false)}>
              {say('drift.check')}
            </Button>
            {last && last.drifted > 0 && (
              <Button size="xs" onClick={() => setAsked(true)}>
                {say('drift.repair')}
              </Button>
            )}
          </>
        )
      }
    >
      <Group>
        <Text size="sm" role="status">
          {figures ? say(last.drifted > 0 ? 'drift.bad' : 'drift.ok', figures) : say('drift.never')}
        </Text>
      </Group>
      {last && last.findings.length > 0 && (
        <List size="sm" mt="xs">
          {last.findings.map(one => (
            <List.Item key={one.level_id}>
              {say('drift.finding', { sku: one.sku, is: one.on_hand, due: one.on_hand_due })} {one.not_repairable}
            </List.Item>
          ))}
        </List>
      )}
      {!asked && <ProblemNote error={run.error} />}
      {asked && last && (
        <Dialog
          title={say('drift.repair.title', { count: last.drifted })}
          lead={say('drift.repair.text')}
          onClose={() => setAsked(false)}
          onSubmit={event => {
            event?.preventDefault()
            run.mutate(true)
          }}
          pending={run.isPending}
          note={<ProblemNote error={run.error} />}
          go={say('drift.repair')}
        />
      )}
    </Section>
  )
}
