import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../api/client'
import type { Search } from './listState'

/** `saved` says whose it is; a view that ships with the list is nobody's. */
export type View = { id: string; label: string; search: Search; saved?: 'own' | 'shared' }

const savedViewsQuery = (page: string) =>
  queryOptions({
    queryKey: ['saved-views', page],
    queryFn: () => take(api.GET('/api/v1/saved-views', { params: { query: { page } } })),
    staleTime: 300_000,
  })

/** The views that were saved for one list, by this person or for the whole team. They are there in every browser. */
export function useSavedViews(page: string, enabled: boolean) {
  const client = useQueryClient()
  const { data } = useQuery({ ...savedViewsQuery(page), enabled })
  const onSuccess = () => client.invalidateQueries({ queryKey: ['saved-views', page] })
  const save = useMutation({
    mutationFn: (view: { name: string; query: Search; shared: boolean }) =>
      take(api.POST('/api/v1/saved-views', { body: { page, ...view } })),
    onSuccess,
  })
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/saved-views/{id}', { params: { path: { id } } })),
    onSuccess,
  })
  const views: View[] = (data?.items ?? []).map(({ id, name, query, shared }) => ({
    id,
    label: name,
    search: query as Search,
    saved: shared ? 'shared' : 'own',
  }))
  return { views, save, remove, error: save.error ?? remove.error }
}
