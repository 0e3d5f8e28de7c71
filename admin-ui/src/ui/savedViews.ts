import { useLocalStorage } from '@mantine/hooks'
import type { Search } from './listState'

export type View = { id: string; label: string; search: Search; own?: boolean }

/** The views a person saved for one list, in this browser. */
export function useSavedViews(list: string) {
  const [views, setViews] = useLocalStorage<View[]>({
    key: `allhours-views-${list}`,
    defaultValue: [],
    getInitialValueInEffect: false,
  })
  return {
    views,
    save: (label: string, search: Search) =>
      setViews(all => [...all.filter(v => v.label !== label), { id: `own-${Date.now()}`, label, search, own: true }]),
    remove: (id: string) => setViews(all => all.filter(v => v.id !== id)),
  }
}
