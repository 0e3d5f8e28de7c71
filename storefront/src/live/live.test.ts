import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LiveState, listen, type Platform } from './live'

class Source extends EventTarget {
  static opened: Source[] = []
  readyState = 0
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    Source.opened.push(this)
  }
  accept() {
    this.readyState = 1
    this.onopen?.()
  }
  refuse(closed = true) {
    this.readyState = closed ? 2 : 0
    this.onerror?.()
  }
  send(type: string, data: unknown, id = '1') {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: id }))
  }
  close() {
    this.readyState = 2
  }
}

/** Locks as the browser has them: one holder at a time, the next when it is done. */
class Locks {
  private queue: Promise<unknown> = Promise.resolve()
  request(_name: string, options: { signal: AbortSignal }, run: () => Promise<void>) {
    const mine = this.queue.then(() => (options.signal.aborted ? undefined : run()))
    this.queue = mine
    return mine
  }
}

class Channel {
  static all: Channel[] = []
  onmessage: ((e: { data: unknown }) => void) | null = null
  constructor() {
    Channel.all.push(this)
  }
  postMessage(data: unknown) {
    for (const c of Channel.all) if (c !== this) c.onmessage?.({ data })
  }
  close() {
    Channel.all = Channel.all.filter(c => c !== this)
  }
}

const doc = Object.assign(new EventTarget(), { hidden: false })
function platform(locks?: Locks): Platform {
  return {
    open: url => new Source(url) as unknown as EventSource,
    locks: locks as unknown as LockManager,
    channel: locks ? () => new Channel() as unknown as BroadcastChannel : undefined,
    doc: doc as unknown as Document
  }
}
const last = () => {
  const s = Source.opened.at(-1)
  if (!s) throw new Error('no stream was opened')
  return s
}
const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers()
  Source.opened = []
  Channel.all = []
  doc.hidden = false
})
afterEach(() => vi.useRealTimers())

test('two tabs share one stream, and the second takes over when the first goes', async () => {
  const locks = new Locks()
  const heard: string[] = []
  const stop1 = listen('/e', ['a'], { event: e => heard.push(`one:${JSON.stringify(e.data)}`) }, platform(locks))
  const stop2 = listen('/e', ['a'], { event: e => heard.push(`two:${JSON.stringify(e.data)}`) }, platform(locks))
  await settle()
  expect(Source.opened).toHaveLength(1)
  last().accept()
  last().send('a', 7)
  expect(heard).toEqual(['one:7', 'two:7'])

  stop1()
  await settle()
  expect(Source.opened).toHaveLength(2)
  last().send('a', 8)
  expect(heard).toEqual(['one:7', 'two:7', 'two:8'])
  stop2()
})

test('three refusals pause; the stream is tried again and says live when it answers', async () => {
  const states: LiveState[] = []
  const stop = listen('/e', [], { state: s => states.push(s) }, platform())
  last().refuse()
  await vi.advanceTimersByTimeAsync(1000)
  last().refuse()
  await vi.advanceTimersByTimeAsync(2000)
  last().refuse()
  expect(states).toEqual(['connecting', 'paused'])
  await vi.advanceTimersByTimeAsync(14_999)
  expect(Source.opened).toHaveLength(3)
  await vi.advanceTimersByTimeAsync(1)
  last().accept()
  expect(states.at(-1)).toBe('live')
  stop()
})

test('a stream that the browser itself retries is not opened twice', async () => {
  const stop = listen('/e', [], {}, platform())
  last().refuse(false)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(Source.opened).toHaveLength(1)
  stop()
})

test('a reopened stream resumes after the last event heard', async () => {
  const stop = listen('/e?order=1', ['a'], {}, platform())
  last().accept()
  last().send('a', 1, '42')
  last().refuse()
  await vi.advanceTimersByTimeAsync(1000)
  expect(last().url).toBe('/e?order=1&last_event_id=42')
  stop()
})

test('the first opening and the server both ask for a resync', async () => {
  let resyncs = 0
  const stop = listen('/e', [], { resync: () => resyncs++ }, platform())
  last().accept()
  expect(resyncs).toBe(1)
  last().send('resync', {})
  expect(resyncs).toBe(2)
  stop()
})

test('a tab hidden for five minutes lets go and comes back with a resync', async () => {
  let resyncs = 0
  const stop = listen('/e', [], { resync: () => resyncs++ }, platform())
  last().accept()
  doc.hidden = true
  doc.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(5 * 60_000)
  expect(last().readyState).toBe(2)
  doc.hidden = false
  doc.dispatchEvent(new Event('visibilitychange'))
  expect(Source.opened).toHaveLength(2)
  expect(resyncs).toBe(2)
  stop()
})

test('a short look away keeps the stream', async () => {
  const stop = listen('/e', [], {}, platform())
  last().accept()
  doc.hidden = true
  doc.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(4 * 60_000)
  doc.hidden = false
  doc.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  expect(last().readyState).toBe(1)
  stop()
})
