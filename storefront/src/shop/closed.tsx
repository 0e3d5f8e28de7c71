import { Problem } from '../api/problem'
import { useText } from '../i18n/use-text'
import { Icon } from '../ui/icon'
import { Failure } from '../ui/notice'
import { shopText } from './messages'

export type Closed = 'unknown' | 'closed' | 'suspended'

/** whyClosed reads from the answer to the first request whether there is a shop to show at all. */
export function whyClosed(error: unknown, status?: string): Closed | undefined {
  if (status === 'closed' || status === 'suspended') return status
  if (!(error instanceof Problem)) return undefined
  if (error.code.endsWith('.suspended')) return 'suspended'
  if (error.code.endsWith('.closed') || error.status === 410) return 'closed'
  if (error.code.startsWith('tenant.') || error.status === 404 || error.status === 421) return 'unknown'
  return undefined
}

/** ClosedShop stands alone: no header, nothing to click that would fail. */
export function ClosedShop({ why }: { why: Closed }) {
  const t = useText(shopText)
  const title = { unknown: t.unknownTitle, closed: t.closedTitle, suspended: t.suspendedTitle }[why]
  const text = { unknown: t.unknownText, closed: t.closedText, suspended: t.suspendedText }[why]
  return (
    <main className="grid min-h-dvh place-items-center p-6 text-center">
      <div className="max-w-md">
        <span className="mx-auto grid size-20 place-items-center rounded-full bg-sunken text-soft">
          <Icon name={why === 'unknown' ? 'search' : 'store'} className="size-10" />
        </span>
        <h1 className="mt-5 text-2xl font-bold">{title}</h1>
        <p className="mt-2 text-soft">{text}</p>
      </div>
    </main>
  )
}

export function ShopUnreachable({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <main className="narrow">
      <Failure error={error} retry={retry} />
    </main>
  )
}
