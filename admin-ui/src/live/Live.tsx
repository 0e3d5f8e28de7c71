import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { follow, type LiveEvent, type LiveState } from './leader'
import { type Change, changeOf, eventTypes, listsOf } from './topics'

type Listener = (change: Change) => void
type Live = { state: LiveState; listen: (listener: Listener) => () => void }

const LiveContext = createContext<Live>({ state: 'connecting', listen: () => () => {} })

const settleMs = 500
const pollMs = 15_000

/** Keeps what is on the screen true: reads the tenant's event stream and refetches what an event touched; polls while the stream is down. */
export function LiveProvider({ tenant, children }: { tenant: string; children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')
  const listeners = useRef(new Set<Listener>())

  useEffect(() => {
    const stale = new Map<string, true>()
    let timer: ReturnType<typeof setTimeout> | undefined
    function hear(event: LiveEvent) {
      const change = changeOf(event)
      if (!change) return
      for (const listener of listeners.current) listener(change)
      void client.invalidateQueries({ queryKey: [change.topic, 'one', change.id] })
      for (const list of listsOf(change)) stale.set(list, true)
      timer ??= setTimeout(() => {
        timer = undefined
        refetch(client, [...stale.keys()])
        stale.clear()
      }, settleMs)
    }
    const stop = follow({
      name: `allhours-live-${tenant}`,
      url: lastId => `/api/v1/events${lastId ? `?last_event_id=${encodeURIComponent(lastId)}` : ''}`,
      types: eventTypes,
      onEvent: hear,
      onResync: () => void client.invalidateQueries(),
      onState: setState,
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client, tenant])

  useEffect(() => {
    if (state !== 'paused') return
    const timer = setInterval(() => void client.invalidateQueries({ refetchType: 'active' }), pollMs)
    return () => clearInterval(timer)
  }, [client, state])

  const live = useMemo<Live>(
    () => ({
      state,
      listen(listener) {
        listeners.current.add(listener)
        return () => listeners.current.delete(listener)
      },
    }),
    [state],
  )
  return <LiveContext value={live}>{children}</LiveContext>
}

export function useLiveState() {
  return useContext(LiveContext).state
}

/** Calls listener for every change until the component goes. */
export function useChanges(listener: Listener) {
  const { listen } = useContext(LiveContext)
  const latest = useRef(listener)
  latest.current = listener
  useEffect(() => listen(change => latest.current(change)), [listen])
}

// A query whose meta says live: false keeps its rows still; its screen listens itself.
function refetch(client: QueryClient, lists: string[]) {
  void client.invalidateQueries({
    predicate: (query: Query) =>
      lists.includes(String(query.queryKey[0])) && query.queryKey[1] !== 'one' && query.meta?.live !== false,
  })
}
