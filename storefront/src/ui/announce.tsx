import { useStore } from '@nanostores/react'
import { atom } from 'nanostores'

const spoken = atom({ text: '', turn: 0 })

/** announce says something to screen readers without moving the focus. The same words twice are said twice. */
export function announce(text: string): void {
  spoken.set({ text, turn: spoken.get().turn + 1 })
}

/** Announcer is the one polite live region; it stays mounted for the whole visit. */
export function Announcer() {
  const { text, turn } = useStore(spoken)
  return (
    <div role="status" aria-live="polite" className="sr-only" data-testid="announcer">
      {turn % 2 ? text : `${text}\u200b`}
    </div>
  )
}
