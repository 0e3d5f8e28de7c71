import { QueryClient } from '@tanstack/react-query'
import { Problem } from './problem'

/** worthRetrying: only what may pass by itself. A refusal is an answer. */
export const worthRetrying = (failures: number, error: unknown): boolean =>
  failures < 2 && (!(error instanceof Problem) || error.unanswered || error.status === 429)

export const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 30_000, retry: worthRetrying }, mutations: { retry: false } }
})
