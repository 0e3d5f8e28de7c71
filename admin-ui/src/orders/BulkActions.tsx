import {
  Alert,
  Button,
  Checkbox,
  Group,
  List,
  Menu,
  Modal,
  Progress,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { number } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { uiWords } from '../ui/words'
import { type Bulk, type BulkFilter, type BulkResult, bulkOrders, type OrderSummary, orderName } from './api'
import { cancelReasons } from './CancelDialog'
import { orderWords } from './words'

const chunk = 20

/** The orders that were ticked, or all that match a filter, of which only the number is known. */
export type Chosen = { orders: OrderSummary[] } | { filter: BulkFilter; count: number }

type Asked = 'confirm' | 'fulfil' | 'complete' | 'cancel' | 'hold' | 'release' | 'tag' | 'untag'
const texts: Asked[] = ['hold', 'tag', 'untag']

/** Acts on the chosen orders, some at a time, shows how far it is, and names each that was refused with its reason. */
export function BulkActions({ chosen, onDone }: { chosen: Chosen; onDone: () => void }) {
  const say = useSay(orderWords)
  const can = useCan()
  const client = useQueryClient()
  const [asked, setAsked] = useState<Asked>()
  const [results, setResults] = useState<BulkResult[]>([])
  const stopped = useRef(false)
  const orders = 'orders' in chosen ? chosen.orders : undefined
  const total = 'count' in chosen ? chosen.count : chosen.orders.length

  const act = useMutation({
    mutationFn: async (bulk: Bulk) => {
      stopped.current = false
      setResults([])
      for await (const part of parts(chosen, bulk)) {
        setResults(done => [...done, ...part])
        if (stopped.current) return
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['orders'] }),
  })

  // What was ticked one by one needs no second question; all that match, without being seen, does.
  function start(action: 'confirm' | 'fulfil' | 'complete' | 'release') {
    if (orders) run({ action })
    else setAsked(action)
  }
  function run(bulk: Bulk) {
    setAsked(undefined)
    act.mutate(bulk)
  }
  function finish() {
    act.reset()
    onDone()
  }

  const isOver = act.isSuccess || act.isError
  const plain = [
    { action: 'confirm', shown: !orders || orders.some(order => order.status === 'awaiting_confirmation') },
    { action: 'fulfil', shown: true },
    { action: 'complete', shown: true },
  ] as const
  return (
    <>
      <Group gap="xs">
        {plain
          .filter(one => one.shown)
          .map(({ action }) => (
            <Button key={action} size="xs" variant="light" disabled={act.isPending} onClick={() => start(action)}>
              {say(`bulk.${action}`)}
            </Button>
          ))}
        <Menu>
          <Menu.Target>
            <Button size="xs" variant="light" disabled={act.isPending}>
              {say('act.more')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => setAsked('hold')}>{say('act.hold')}</Menu.Item>
            <Menu.Item onClick={() => start('release')}>{say('act.release')}</Menu.Item>
            <Menu.Item onClick={() => setAsked('tag')}>{say('bulk.tag')}</Menu.Item>
            <Menu.Item onClick={() => setAsked('untag')}>{say('bulk.untag')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        {can('orders:cancel') && (
          <Button size="xs" variant="light" color="red" disabled={act.isPending} onClick={() => setAsked('cancel')}>
            {say('bulk.cancel')}
          </Button>
        )}
      </Group>
      {act.isPending && (
        <Group gap="xs">
          <Stack gap={2} miw={180}>
            <Progress
              value={(100 * results.length) / total}
              aria-label={say('bulk.progress', { done: number(results.length), total: number(total) })}
            />
            <Text size="xs" role="status">
              {say('bulk.progress', { done: number(results.length), total: number(total) })}
            </Text>
          </Stack>
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              stopped.current = true
            }}
          >
            {say('bulk.stop')}
          </Button>
        </Group>
      )}
      {asked && <Ask about={asked} orders={orders} count={total} onClose={() => setAsked(undefined)} onChosen={run} />}
      {isOver && <Report results={results} orders={orders ?? []} error={act.error} onClose={finish} />}
    </>
  )
}

/** Sends the action part by part and gives what became of the orders of each. */
async function* parts(chosen: Chosen, bulk: Bulk) {
  if ('orders' in chosen) {
    for (let at = 0; at < chosen.orders.length; at += chunk) {
      const ids = chosen.orders.slice(at, at + chunk).map(order => order.id)
      yield (await bulkOrders({ ...bulk, ids })).results
    }
    return
  }
  let cursor: string | undefined
  do {
    const report = await bulkOrders({ ...bulk, filter: chosen.filter, limit: chunk, ...(cursor && { cursor }) })
    yield report.results
    cursor = report.next_cursor
  } while (cursor)
}

type AskProps = {
  about: Asked
  orders: OrderSummary[] | undefined
  count: number
  onClose: () => void
  onChosen: (bulk: Bulk) => void
}

function Ask({ about, orders, count, onClose, onChosen }: AskProps) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const { form, submit } = useSendForm({
    initialValues: { text: '', reason: 'customer', restock: true, refund: can('orders:refund') },
    validate: { text: v => (!texts.includes(about) || v.trim() ? null : ui('required')) },
    send: async ({ text, reason, restock, refund }) => {
      const word = text.trim()
      if (about === 'cancel') onChosen({ action: 'cancel', reason, restock, refund })
      else if (about === 'hold') onChosen({ action: 'hold', reason: word })
      else onChosen({ action: about, ...(texts.includes(about) && { tags: [word] }) })
    },
  })
  const go = about === 'hold' || about === 'release' ? say(`act.${about}`) : say(`bulk.${about}`)
  return (
    <Dialog
      title={go}
      lead={about === 'cancel' ? say('bulk.cancel.text') : undefined}
      onClose={onClose}
      onSubmit={submit}
      pending={false}
      go={go}
      danger={about === 'cancel'}
      keep={ui('back')}
    >
      <Text size="sm" fw={600}>
        {orders ? orders.map(orderName).join(', ') : say('bulk.count', { count, n: number(count) })}
      </Text>
      {about === 'cancel' && (
        <>
          <Select
            label={say('cancel.reason')}
            data={cancelReasons.map(value => ({ value, label: say(`reason.${value}`) }))}
            allowDeselect={false}
            {...form.getInputProps('reason')}
          />
          <Checkbox label={say('cancel.restock')} {...form.getInputProps('restock', { type: 'checkbox' })} />
          {can('orders:refund') && (
            <Checkbox label={say('bulk.cancel.refund')} {...form.getInputProps('refund', { type: 'checkbox' })} />
          )}
        </>
      )}
      {texts.includes(about) && (
        <TextInput
          label={about === 'hold' ? say('hold.reason') : say('tag.new')}
          required
          maxLength={about === 'hold' ? 200 : 50}
          data-autofocus
          {...form.getInputProps('text')}
        />
      )}
    </Dialog>
  )
}

type ReportProps = { results: BulkResult[]; orders: OrderSummary[]; error: unknown; onClose: () => void }

function Report({ results, orders, error, onClose }: ReportProps) {
  const say = useSay(orderWords)
  const ui = useSay(uiWords)
  const refused = results.filter(result => !result.ok)
  return (
    <Modal opened onClose={onClose} title={say('title')}>
      <Stack>
        <ProblemNote error={error} />
        <Text role="status">{say('bulk.done', { count: results.length - refused.length })}</Text>
        {refused.length > 0 && (
          <Alert color="red" title={say('bulk.failed', { count: refused.length })}>
            <List size="sm" mah={320} style={{ overflowY: 'auto' }} tabIndex={0}>
              {refused.map(result => (
                <List.Item key={result.id}>
                  {orderName(orders.find(order => order.id === result.id) ?? result)}: {result.message ?? result.code}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose}>{ui('close')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
