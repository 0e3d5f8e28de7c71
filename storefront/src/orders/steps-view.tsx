import type { Order } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { Icon } from '../ui/icon'
import { orderText } from './messages'
import { type StepName, stepsOf } from './steps'

/** Steps shows how far the order has come; each state is told by mark, weight and hidden words, not by colour alone. */
export function Steps({ order }: { order: Order }) {
  const t = useText(orderText)
  const { time } = useShop()
  const names: Record<StepName, string> = {
    placed: t.stepPlaced,
    paid: t.stepPaid,
    packed: t.stepPacked,
    shipped: t.stepShipped,
    delivered: t.stepDelivered,
    ready: t.stepReady,
    collected: t.stepCollected,
    issued: t.stepIssued
  }
  const states = { done: t.stepDone, now: t.stepNow, next: t.stepNext }
  const steps = stepsOf(order)
  return (
    <ol className="card grid gap-3 p-5 sm:auto-cols-fr sm:grid-flow-col" aria-label={t.steps}>
      {steps.map(s => (
        <li
          key={s.name}
          className="flex items-center gap-3 sm:flex-col sm:gap-2 sm:text-center"
          aria-current={s.state === 'now' ? 'step' : undefined}
        >
          <span
            aria-hidden="true"
            className={`grid size-8 shrink-0 place-items-center rounded-full border-2 ${
              s.state === 'done'
                ? 'border-brand-edge bg-brand text-on-brand'
                : s.state === 'now'
                  ? 'border-brand-text'
                  : 'border-line'
            }`}
          >
            {s.state === 'done' ? (
              <Icon name="check" />
            ) : s.state === 'now' ? (
              <span className="size-3 rounded-full bg-brand-text" />
            ) : null}
          </span>
          <span className="min-w-0">
            <span className={`block ${s.state === 'next' ? 'text-soft' : 'font-semibold'}`}>{names[s.name]}</span>
            <span className="sr-only">{states[s.state]}</span>
            {s.at && (
              <span className="block text-sm text-soft">
                {time(s.at, { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' })}
              </span>
            )}
          </span>
        </li>
      ))}
    </ol>
  )
}
