import { useSyncExternalStore } from 'react'

function watch(change: () => void) {
  window.addEventListener('online', change)
  window.addEventListener('offline', change)
  return () => {
    window.removeEventListener('online', change)
    window.removeEventListener('offline', change)
  }
}

export const useOnline = () => useSyncExternalStore(watch, () => navigator.onLine)
