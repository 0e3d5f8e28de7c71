/** What the server says on its stream. */
export type LiveEvent = { type: string; id: string; data: unknown }
export type LiveState = 'connecting' | 'live' | 'paused'

type Shared =
  | { kind: 'event'; event: LiveEvent }
  | { kind: 'state'; state: LiveState; lastId: string }
  | { kind: 'resync'; lastId: string }
  | { kind: 'hello' }

type Source = Pick<EventSource, 'addEventListener' | 'close'>
type Channel = Pick<BroadcastChannel, 'postMessage' | 'close'> & { onmessage: ((e: MessageEvent) => void) | null }
type Locks = { request(name: string, options: { signal: AbortSignal }, run: () => Promise<void>): Promise<unknown> }

export type Options = {
  /** One stream per name and browser: name it after the session's tenant. */
  name: string
  url: (lastId: string) => string
  types: readonly string[]
  onEvent: (event: LiveEvent) => void
  /** Something may have been missed: fetch again what is on the screen. */
  onResync: () => void
  onState: (state: LiveState) => void
  source?: (url: string) => Source
  channel?: (name: string) => Channel
  locks?: Locks | undefined
}

const failuresUntilPaused = 3
const retries = [1_000, 3_000, 5_000, 15_000]

/**
 * Keeps one event stream for all tabs of a browser: the tab that holds the lock reads it and tells the others, because HTTP/1.1 allows
 * six connections to a host and a seventh tab would hang. When that tab closes, another takes the lock and resumes after the last id.
 * After three failures in a row the state is "paused" until the stream opens again; the caller polls meanwhile.
 * Returns stop.
 */
export function follow(options: Options): () => void {
  const { name, url, types, onEvent, onResync, onState } = options
  const makeSource = options.source ?? (url => new EventSource(url))
  const channel = (options.channel ?? (name => new BroadcastChannel(name)))(name)
  const locks = 'locks' in options ? options.locks : navigator.locks
  const stopped = new AbortController()

  let lastId = ''
  let state: LiveState = 'connecting'
  let leading = false
  let following = false // another tab was reading before this one

  channel.onmessage = ({ data }: MessageEvent<Shared>) => {
    if (data.kind === 'hello') {
      if (leading) tell({ kind: 'state', state, lastId })
    } else if (data.kind === 'event') {
      lastId = data.event.id || lastId
      onEvent(data.event)
    } else if (data.kind === 'resync') {
      lastId = data.lastId || lastId
      onResync()
    } else {
      lastId = data.lastId || lastId
      following = true
      enter(data.state)
    }
  }
  tell({ kind: 'hello' })

  if (locks) locks.request(name, { signal: stopped.signal }, lead).catch(ignoreAbort)
  else void lead() // an old browser: a stream for each tab

  return () => {
    stopped.abort()
    channel.close()
  }

  function lead() {
    leading = true
    return new Promise<void>(done => {
      let source: Source | undefined
      let failures = 0
      let timer: ReturnType<typeof setTimeout> | undefined
      let gap = following

      open()
      addEventListener('online', reopen)
      stopped.signal.addEventListener('abort', () => {
        removeEventListener('online', reopen)
        clearTimeout(timer)
        source?.close()
        done()
      })

      function open() {
        if (stopped.signal.aborted) return
        const current = makeSource(url(lastId))
        source = current
        current.addEventListener('open', () => {
          failures = 0
          share('live')
          if (gap && !lastId) everyoneResync() // nothing to resume after
          gap = false
        })
        current.addEventListener('error', () => {
          if (source !== current) return
          current.close() // its own retry gives up for ever on an HTTP error
          gap = true
          failures++
          share(failures >= failuresUntilPaused ? 'paused' : 'connecting')
          clearTimeout(timer)
          timer = setTimeout(open, retries[Math.min(failures, retries.length) - 1])
        })
        for (const type of types) current.addEventListener(type, e => hear(type, e as MessageEvent<string>))
        current.addEventListener('resync', e => {
          lastId = (e as MessageEvent).lastEventId || lastId
          everyoneResync()
        })
      }

      function reopen() {
        source?.close()
        clearTimeout(timer)
        open()
      }

      function hear(type: string, e: MessageEvent<string>) {
        lastId = e.lastEventId || lastId
        const event = { type, id: e.lastEventId, data: parse(e.data) }
        tell({ kind: 'event', event })
        onEvent(event)
      }
    })
  }

  function share(next: LiveState) {
    enter(next)
    tell({ kind: 'state', state: next, lastId })
  }

  function everyoneResync() {
    tell({ kind: 'resync', lastId })
    onResync()
  }

  function enter(next: LiveState) {
    if (next === state) return
    state = next
    onState(next)
  }

  function tell(message: Shared) {
    if (!stopped.signal.aborted) channel.postMessage(message)
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

function ignoreAbort(thrown: unknown) {
  if (!(thrown instanceof DOMException && thrown.name === 'AbortError')) throw thrown
}
