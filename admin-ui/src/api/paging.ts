import type { Search } from '../ui/listState'

export type Paged<T> = { items: T[]; next_cursor?: string | null; total?: number | null }

/** What an infinite query needs to walk a cursor list. The address's empty filters are not sent. */
export function pages<T>(load: (query: Record<string, string>) => Promise<Paged<T>>, search: Search) {
  return {
    queryFn: ({ pageParam }: { pageParam: string }) =>
      load({ limit: '25', ...search, ...(pageParam && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: (last: Paged<T>) => last.next_cursor || undefined,
  }
}
