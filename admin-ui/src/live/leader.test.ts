import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { follow, type LiveEvent, type LiveState } from './leader'

class FakeSource extends EventTarget {
  static all: FakeSource[] = []
  closed = false
  constructor(readonly url: string) {
    super()
    FakeSource.all.push(this)
  }
  close() {
    this.closed = true
  }
  open() {
    this.dispatchEvent(new Event('open'))
  }
  fail() {
    this.dispatchEvent(new Event('error'))
  }
  say(type: string, id: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: id }))
  }
}

class FakeChannel {
  static all: FakeChannel[] = []
  onmessage: ((e: MessageEvent) => void) | null = null
  closed = false
  constructor() {
    FakeChannel.all.push(this)
  }
  postMessage(data: unknown) {
    for (const other of FakeChannel.all)
      if (other !== this && !other.closed) other.onmessage?.({ data } as MessageEvent)
  }
  close() {
    this.closed = true
  }
}

// A lock as the browser's: one holder, the next in line when the holder's promise settles.
function fakeLocks() {
  let tail: Promise<void> = Promise.resolve()
  return {
    request(_: string, { signal }: { signal: AbortSignal }, run: () => Promise<void>) {
      tail = tail.then(() => (signal.aborted ? undefined : run()))
      return tail
    },
  }
}

function tab(locks: ReturnType<typeof fakeLocks>) {
  const heard: LiveEvent[] = []
  const states: LiveState[] = []
  let resyncs = 0
  const stop = follow({
    name: 't',
    url: lastId => `/events?last=${lastId}`,
    types: ['order.placed'],
    onEvent: e => heard.push(e),
    onResync: () => resyncs++,
    onState: s => states.push(s),
    source: url => new FakeSource(url) as unknown as EventSource,
    channel: () => new FakeChannel(),
    locks,
  })
  return { heard, states, stop, resyncs: () => resyncs }
}

const settle = () => vi.advanceTimersByTimeAsync(0)
const last = () => FakeSource.all.at(-1) as FakeSource

beforeEach(() => {
  vi.useFakeTimers()
  FakeSource.all = []
  FakeChannel.all = []
})
afterEach(() => {
  vi.useRealTimers()
})

test('two tabs share one stream and both hear its events', async () => {
  const locks = fakeLocks()
  const a = tab(locks)
  const b = tab(locks)
  await settle()
  expect(FakeSource.all).toHaveLength(1)
  last().open()
  last().say('order.placed', '7', { id: 'o1' })
  const event = { type: 'order.placed', id: '7', data: { id: 'o1' } }
  expect(a.heard).toEqual([event])
  expect(b.heard).toEqual([event])
  expect(b.states).toEqual(['live'])
})

test('when the reading tab closes, the other resumes after the last id', async () => {
  const locks = fakeLocks()
  const a = tab(locks)
  const b = tab(locks)
  await settle()
  last().open()
  last().say('order.placed', '7', {})
  a.stop()
  expect(last().closed).toBe(true)
  await settle()
  expect(FakeSource.all).toHaveLength(2)
  expect(last().url).toBe('/events?last=7')
  last().open()
  last().say('order.placed', '8', {})
  expect(b.heard.map(e => e.id)).toEqual(['7', '8'])
  expect(a.heard.map(e => e.id)).toEqual(['7'])
})

test('a tab that joins late learns the state and where to resume', async () => {
  const locks = fakeLocks()
  const a = tab(locks)
  await settle()
  last().open()
  last().say('order.placed', '3', {})
  const b = tab(locks)
  expect(b.states).toEqual(['live'])
  a.stop()
  await settle()
  expect(last().url).toBe('/events?last=3')
})

test('three failures pause, and opening again goes live', async () => {
  const a = tab(fakeLocks())
  await settle()
  last().open()
  for (const wait of [1_000, 3_000, 5_000]) {
    last().fail()
    await vi.advanceTimersByTimeAsync(wait)
  }
  expect(a.states).toEqual(['live', 'connecting', 'paused'])
  expect(FakeSource.all).toHaveLength(4)
  expect(FakeSource.all.slice(0, 3).every(s => s.closed)).toBe(true)
  last().open()
  expect(a.states.at(-1)).toBe('live')
  expect(a.resyncs(), 'no id was seen, so nothing could be replayed').toBe(1)
})

test('resync from the server reaches every tab', async () => {
  const locks = fakeLocks()
  const a = tab(locks)
  const b = tab(locks)
  await settle()
  last().open()
  last().dispatchEvent(new MessageEvent('resync', { data: '{}', lastEventId: '90' }))
  expect([a.resyncs(), b.resyncs()]).toEqual([1, 1])
  a.stop()
  await settle()
  expect(last().url).toBe('/events?last=90')
})

test('a tab that takes over without an id to resume after fetches everything', async () => {
  const locks = fakeLocks()
  const a = tab(locks)
  await settle()
  last().open()
  const b = tab(locks)
  a.stop()
  await settle()
  last().open()
  expect(b.resyncs()).toBe(1)
})

test('nothing is read or told after stop', async () => {
  const a = tab(fakeLocks())
  await settle()
  last().fail()
  a.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeSource.all).toHaveLength(1)
})
