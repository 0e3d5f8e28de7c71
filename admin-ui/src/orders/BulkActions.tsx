import { Alert, Button, Group, List, Modal, Progress, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { ProblemNote } from '../ui/Problem'
import { uiWords } from '../ui/words'
import { type BulkResult, bulkOrders, type OrderSummary, orderName } from './api'
import { orderWords } from './words'

const chunk = 20
type Action = 'fulfil' | 'complete' | 'cancel' | 'confirm'

/** Acts on the chosen orders, some at a time, shows how far it is, and names each that was refused with its reason. */
export function BulkActions({ orders, onDone }: { orders: OrderSummary[]; onDone: () => void }) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const [asked, { open, close }] = useDisclosure()
  const [done, setDone] = useState(0)

  const act = useMutation({
    mutationFn: async (action: Action) => {
      const results: BulkResult[] = []
      setDone(0)
      for (let at = 0; at < orders.length; at += chunk) {
        const ids = orders.slice(at, at + chunk).map(order => order.id)
        results.push(...(await bulkOrders(ids, action)))
        setDone(Math.min(at + chunk, orders.length))
      }
      return results
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['orders'] }),
  })
  const refused = (act.data ?? []).filter(result => !result.ok)
  const some = (test: (order: OrderSummary) => boolean) => orders.some(test)

  function run(action: Action) {
    close()
    act.mutate(action)
  }
  function finish() {
    act.reset()
    onDone()
  }

  return (
    <>
      <Group gap="xs">
        {some(order => order.status === 'awaiting_confirmation') && (
          <Button size="xs" variant="light" disabled={act.isPending} onClick={() => run('confirm')}>
            {say('bulk.confirm')}
          </Button>
        )}
        <Button size="xs" variant="light" disabled={act.isPending} onClick={() => run('fulfil')}>
          {say('bulk.fulfil')}
        </Button>
        <Button size="xs" variant="light" disabled={act.isPending} onClick={() => run('complete')}>
          {say('bulk.complete')}
        </Button>
        {can('orders:cancel') && (
          <Button size="xs" variant="light" color="red" disabled={act.isPending} onClick={open}>
            {say('bulk.cancel')}
          </Button>
        )}
      </Group>
      {act.isPending && (
        <Stack gap={2} miw={180}>
          <Progress
            value={(100 * done) / orders.length}
            aria-label={say('bulk.progress', { done, total: orders.length })}
          />
          <Text size="xs" role="status">
            {say('bulk.progress', { done, total: orders.length })}
          </Text>
        </Stack>
      )}
      <Modal opened={asked} onClose={close} title={say('bulk.cancel')}>
        <Stack>
          <Text size="sm">{say('bulk.cancel.text')}</Text>
          <Text size="sm" fw={600}>
            {orders.map(orderName).join(', ')}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {ui('back')}
            </Button>
            <Button color="red" onClick={() => run('cancel')}>
              {say('bulk.cancel')}
            </Button>
          </Group>
        </Stack>
      </Modal>
      <Modal opened={act.isSuccess || act.isError} onClose={finish} title={say('title')}>
        <Stack>
          <ProblemNote error={act.error} />
          {act.data && <Text role="status">{say('bulk.done', { count: act.data.length - refused.length })}</Text>}
          {refused.length > 0 && (
            <Alert color="red" title={say('bulk.failed', { count: refused.length })}>
              <List size="sm">
                {refused.map(result => (
                  <List.Item key={result.id}>
                    {nameOf(result.id, orders)}: {result.message ?? result.code}
                  </List.Item>
                ))}
              </List>
            </Alert>
          )}
          <Group justify="flex-end">
            <Button onClick={finish}>{ui('close')}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}

function nameOf(id: string, orders: OrderSummary[]) {
  const order = orders.find(order => order.id === id)
  return order ? orderName(order) : id
}
