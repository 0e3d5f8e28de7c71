import { Button, Group, Menu } from '@mantine/core'
import IconDots from '@tabler/icons-react/dist/esm/icons/IconDots.mjs'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Permission, useCan } from '../api/session'
import { useSay } from '../i18n'
import { ProblemNote } from '../ui/Problem'
import { actOnOrder, type Order } from './api'
import { CancelDialog } from './CancelDialog'
import { FulfilDialog } from './FulfilDialog'
import { HoldDialog } from './HoldDialog'
import { PaymentDialog } from './PaymentDialog'
import { RefundDialog } from './RefundDialog'
import { orderWords } from './words'

type Act = 'confirm' | 'fulfil' | 'complete' | 'release' | 'pay' | 'refund' | 'hold' | 'cancel'

const acts: { act: Act; needs: Permission; danger?: boolean }[] = [
  { act: 'confirm', needs: 'orders:write' },
  { act: 'release', needs: 'orders:write' },
  { act: 'fulfil', needs: 'orders:write' },
  { act: 'complete', needs: 'orders:write' },
  { act: 'pay', needs: 'payments:write' },
  { act: 'hold', needs: 'orders:write' },
  { act: 'refund', needs: 'orders:refund' },
  { act: 'cancel', needs: 'orders:cancel', danger: true },
]

export function useOrderChanged() {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['orders'] }),
      client.invalidateQueries({ queryKey: ['payments'] }),
    ])
}

/** Only what the order's state and the person's permissions allow; the first is the likeliest next step. */
export function Actions({ order }: { order: Order }) {
  const say = useSay(orderWords)
  const can = useCan()
  const changed = useOrderChanged()
  const [open, setOpen] = useState<Act>()
  const close = () => setOpen(undefined)
  const step = useMutation({
    mutationFn: (act: 'confirm' | 'complete' | 'release') => actOnOrder(order.id, act, { version: order.version }),
    onSettled: changed,
  })
  const offered = acts.filter(({ act, needs }) => order.allowed.includes(act) && can(needs))
  const [first, ...others] = offered

  function start(act: Act) {
    if (act === 'confirm' || act === 'complete' || act === 'release') step.mutate(act)
    else setOpen(act)
  }

  if (!first) return null
  return (
    <>
      <Group gap="xs">
        <Button color={first.danger ? 'red' : 'teal'} loading={step.isPending} onClick={() => start(first.act)}>
          {say(`act.${first.act}`)}
        </Button>
        {others.length > 0 && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" rightSection={<IconDots size={16} aria-hidden />}>
                {say('act.more')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {others.map(({ act, danger }) => (
                <Menu.Item key={act} color={danger ? 'red' : undefined} onClick={() => start(act)}>
                  {say(`act.${act}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      <ProblemNote error={step.error} />
      {open === 'fulfil' && <FulfilDialog order={order} onClose={close} />}
      {open === 'cancel' && <CancelDialog order={order} onClose={close} />}
      {open === 'refund' && <RefundDialog order={order} onClose={close} />}
      {open === 'pay' && <PaymentDialog order={order} onClose={close} />}
      {open === 'hold' && <HoldDialog order={order} onClose={close} />}
    </>
  )
}
