import { type ReactNode, useEffect, useRef } from 'react'
import { useText } from '../i18n/use-text'
import { Icon } from './icon'
import { uiText } from './messages'

/** Dialog is the browser's own modal: focus trap, Escape and return of focus come with it. */
export function Dialog(props: { title: string; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const t = useText(uiText)
  const ref = useRef<HTMLDialogElement>(null)
  const close = useRef(props.onClose)
  close.current = props.onClose

  useEffect(() => {
    const dialog = ref.current
    if (dialog && !dialog.open) dialog.showModal()
    document.documentElement.classList.add('overflow-hidden')
    return () => document.documentElement.classList.remove('overflow-hidden')
  }, [])

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop is an extra; Escape and the button close it too
    <dialog
      ref={ref}
      className={`sheet ${props.wide ? 'sm:max-w-2xl' : ''}`}
      aria-label={props.title}
      onClose={() => close.current()}
      onClick={e => e.target === ref.current && ref.current?.close()}
    >
      <div className="relative">
        <button
          type="button"
          className="btn btn-plain absolute top-2 right-2 z-10 rounded-full bg-surface/90 px-2"
          onClick={() => ref.current?.close()}
          aria-label={t.close}
        >
          <Icon name="close" />
        </button>
        {props.children}
      </div>
    </dialog>
  )
}
