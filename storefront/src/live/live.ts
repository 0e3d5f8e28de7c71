/** LiveEvent is one message of the server's stream; id is the stream's own, data is the event's body. */
export type LiveEvent = { id: string; type: string; data: unknown }
export type LiveState = 'connecting' | 'live' | 'paused'
type Listener = { event?: (e: LiveEvent) => void; resync?: () => void; state?: (s: LiveState) => void }
type Message = { kind: 'event'; event: LiveEvent } | { kind: 'resync' } | { kind: 'state'; state: LiveState }

/** What the browser gives; a test gives its own. Without locks (plain HTTP on a LAN) each tab opens its own stream. */
export type Platform = {
  open: (url: string) => EventSource
  locks: LockManager | undefined
  channel: ((name: string) => BroadcastChannel) | undefined
  doc: Document
}

const browser = (): Platform => ({
  open: url => new EventSource(url, { withCredentials: true }),
  locks: navigator.locks,
  channel: typeof BroadcastChannel === 'undefined' ? undefined : name => new BroadcastChannel(name),
  doc: document
})

const failuresUntilPaused = 3
const reopenAfterMs = 15_000
const hiddenStopMs = 5 * 60_000

/**
 * listen follows one stream of the server. All tabs of a browser share one connection: the tab that holds the lock reads it and
 * hands each message to the others. After three failures in a row the state is "paused", and the caller should poll; a hidden tab
 * lets go after five minutes. On "resync" the caller must read everything it shows again. Returns the way to stop.
 */
export function listen(
  url: string,
  types: readonly string[],
  listener: Listener,
  platform: Platform = browser()
): () => void {
  const stop = new AbortController()
  const channel = platform.channel?.(`allhours:${url}`)
  let hidden: ReturnType<typeof setTimeout> | undefined
  let current = new AbortController()
  let state: LiveState | undefined

  function tell(m: Message): void {
    if (m.kind === 'event') listener.event?.(m.event)
    if (m.kind === 'resync') listener.resync?.()
    if (m.kind === 'state' && m.state !== state) {
      state = m.state
      listener.state?.(m.state)
    }
  }
  function tellAll(m: Message): void {
    tell(m)
    channel?.postMessage(m)
  }
  if (channel) channel.onmessage = e => tell(e.data as Message)

  function start(): void {
    current = new AbortController()
    const signal = current.signal
    tell({ kind: 'state', state: 'connecting' })
    if (!platform.locks || !channel) {
      void read(signal)
      return
    }
    platform.locks.request(`allhours:${url}`, { signal }, () => read(signal)).catch(() => {})
  }

  function read(signal: AbortSignal): Promise<void> {
    return new Promise(done => {
      let source: EventSource | undefined
      let failures = 0
      let again: ReturnType<typeof setTimeout> | undefined
      let everOpen = false
      let lastId = ''

      const open = () => {
        source = platform.open(
          lastId ? `${url}${url.includes('?') ? '&' : '?'}last_event_id=${encodeURIComponent(lastId)}` : url
        )
        source.onopen = () => {
          failures = 0
          tellAll({ kind: 'state', state: 'live' })
          if (!everOpen) tellAll({ kind: 'resync' }) // what happened between the page's first read and now
          everOpen = true
        }
        source.onerror = () => {
          failures++
          tellAll({ kind: 'state', state: failures >= failuresUntilPaused ? 'paused' : 'connecting' })
          if (source?.readyState !== 2 /* closed: the browser itself does not try again */) return
          again = setTimeout(open, failures >= failuresUntilPaused ? reopenAfterMs : 1000 * failures)
        }
        const hear = (type: string) => (e: MessageEvent<string>) => {
          lastId = e.lastEventId || lastId
          if (type === 'resync') tellAll({ kind: 'resync' })
          else tellAll({ kind: 'event', event: { id: e.lastEventId, type, data: parse(e.data) } })
        }
        for (const type of ['resync', ...types]) source.addEventListener(type, hear(type) as EventListener)
      }
      signal.addEventListener('abort', () => {
        clearTimeout(again)
        source?.close()
        done()
      })
      if (signal.aborted) return done()
      open()
    })
  }

  platform.doc.addEventListener(
    'visibilitychange',
    () => {
      clearTimeout(hidden)
      if (platform.doc.hidden) hidden = setTimeout(() => current.abort(), hiddenStopMs)
      else if (current.signal.aborted) {
        start()
        tell({ kind: 'resync' })
      }
    },
    { signal: stop.signal }
  )

  start()
  return () => {
    clearTimeout(hidden)
    stop.abort()
    current.abort()
    channel?.close()
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
