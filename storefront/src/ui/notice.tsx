import type { ReactNode } from 'react'
import { Problem } from '../api/problem'
import { useText } from '../i18n/use-text'
import { Icon, type IconName } from './icon'
import { uiText } from './messages'
import { useProblemText } from './problem-text'

const tones = {
  good: ['bg-good-bg text-good', 'check'],
  warn: ['bg-warn-bg text-warn', 'alert'],
  bad: ['bg-bad-bg text-bad', 'alert'],
  info: ['bg-sunken text-ink', 'info']
} as const satisfies Record<string, readonly [string, IconName]>

/** Notice is a message in the page. Its tone is told by colour, icon and words together. */
export function Notice(props: { tone: keyof typeof tones; title?: string; children?: ReactNode; live?: boolean }) {
  const [colours, icon] = tones[props.tone]
  return (
    <div className={`flex gap-3 rounded-2xl p-4 ${colours}`} role={props.live ? 'alert' : undefined}>
      <Icon name={icon} className="mt-0.5 size-5" />
      <div className="min-w-0">
        {props.title && <p className="font-semibold">{props.title}</p>}
        {props.children}
      </div>
    </div>
  )
}

/** Failure says what went wrong, with the reference for support, and offers to try again. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useText(uiText)
  const say = useProblemText()
  const offline = error instanceof Problem && error.status === 0
  return (
    <Notice tone="bad" title={offline ? t.networkTitle : t.errorTitle} live>
      <p>{offline ? t.networkText : say(error)}</p>
      {error instanceof Problem && error.requestId && <p className="text-sm">{t.requestId({ id: error.requestId })}</p>}
      {retry && (
        <button type="button" className="btn mt-3" onClick={retry}>
          <Icon name="refresh" /> {t.retry}
        </button>
      )}
    </Notice>
  )
}

/** Empty is a screen with nothing on it yet: what it is, and the one thing to do. */
export function Empty(props: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-4 py-16 text-center">
      <span className="grid size-16 place-items-center rounded-full bg-sunken text-soft">
        <Icon name={props.icon} className="size-8" />
      </span>
      <h2 className="text-xl font-bold">{props.title}</h2>
      {props.children}
    </div>
  )
}
