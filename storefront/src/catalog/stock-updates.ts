import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { listen } from '../live/live'

const types = ['stock.changed', 'product.changed', 'category.changed']

/** useStockUpdates reads the shelves again, shortly after the shop says that stock or products changed. Many changes make one read. */
export function useStockUpdates(url = '/api/v1/storefront/events'): void {
  const queries = useQueryClient()
  useEffect(() => {
    let soon: ReturnType<typeof setTimeout> | undefined
    const refresh = () => {
      soon ??= setTimeout(() => {
        soon = undefined
        void queries.invalidateQueries({ queryKey: ['catalog'] })
        void queries.invalidateQueries({ queryKey: ['cart'] })
      }, 500)
    }
    let first = true
    const stop = listen(url, types, {
      event: refresh,
      resync: () => {
        if (!first) refresh()
        first = false
      }
    })
    return () => {
      clearTimeout(soon)
      stop()
    }
  }, [queries, url])
}
