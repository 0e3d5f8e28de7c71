import { keepPreviousData, MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { asProblem } from './problem'
import { meQuery } from './session'

/** The one data cache. A session that ended anywhere is seen here: who we are is asked again, and the shell goes to the sign-in page. */
export function newClient() {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => query.queryKey[0] !== meQuery.queryKey[0] && check(error),
    }),
    mutationCache: new MutationCache({ onError: check }),
    defaultOptions: {
      queries: {
        staleTime: 20_000,
        placeholderData: keepPreviousData,
        retry: (failures, error) => isPassing(error) && failures < 2,
      },
      mutations: { retry: false },
    },
  })
  return client

  function check(error: unknown) {
    if (asProblem(error).status === 401) void client.resetQueries({ queryKey: meQuery.queryKey })
  }
}

function isPassing(error: unknown) {
  const { status } = asProblem(error)
  return status === 0 || status >= 502
}
