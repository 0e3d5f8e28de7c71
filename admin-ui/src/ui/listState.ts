import { useLocation, useNavigate } from '@tanstack/react-router'

export type Search = Record<string, string>

/** The query string as plain strings: ?number=1024 stays "1024". */
export function parseSearch(query: string): Search {
  return Object.fromEntries(new URLSearchParams(query))
}

export function stringifySearch(search: Record<string, unknown>) {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== '') query.set(key, String(value))
  }
  const text = query.toString()
  return text ? `?${text}` : ''
}

/** What a list shows, kept in the address, so that a view is a link. Keys outside `keys` are left alone. */
export function useListState(keys: readonly string[]) {
  const all = useLocation({ select: at => at.search }) as unknown as Search
  const navigate = useNavigate()
  const search = pick(all, keys)

  function go(next: Search) {
    void navigate({ to: '.', search: next as never, replace: true })
  }
  return {
    search,
    get: (key: string) => all[key] ?? '',
    set: (patch: Record<string, string | undefined>) => go(without({ ...all, ...patch } as Search)),
    /** Shows exactly these filters: a saved view, or nothing. */
    show: (view: Search) =>
      go(without({ ...Object.fromEntries(Object.entries(all).filter(([k]) => !keys.includes(k))), ...view })),
    isFiltered: Object.keys(search).some(key => key !== 'sort' && key !== 'limit'),
  }
}

export type ListState = ReturnType<typeof useListState>

export function sameSearch(a: Search, b: Search) {
  return stringifySearch(sorted(a)) === stringifySearch(sorted(b))
}

function sorted(search: Search) {
  return Object.fromEntries(Object.entries(without(search)).sort(([a], [b]) => a.localeCompare(b)))
}

function pick(search: Search, keys: readonly string[]) {
  return Object.fromEntries(Object.entries(search).filter(([key, value]) => keys.includes(key) && value !== ''))
}

function without(search: Search) {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''))
}
