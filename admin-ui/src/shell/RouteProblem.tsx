import { Container } from '@mantine/core'
import { useRouter } from '@tanstack/react-router'
import { ProblemNote } from '../ui/Problem'

/** What a screen shows instead of itself when loading or drawing it failed. */
export function RouteProblem({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter()
  function again() {
    reset()
    void router.invalidate()
  }
  return (
    <Container size="sm" py="xl">
      <ProblemNote error={error} onRetry={again} />
    </Container>
  )
}
