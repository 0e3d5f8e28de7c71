import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Search } from './listState'

/** A path inside the shop in the address: usePath()('/orders') is /t/noodles/orders. */
export function usePath() {
  const { tenant } = useParams({ strict: false }) as { tenant?: string }
  return (path: string) => (tenant ? `/t/${tenant}${path === '/' ? '' : path}` : path)
}

export function useGo() {
  const path = usePath()
  const navigate = useNavigate()
  return (to: string, search: Search = {}) => void navigate({ to: path(to) as never, search: search as never })
}

type To = { to: string; search?: Search; children: ReactNode }

/** A link to another screen of the shop. A real link: it opens in a new tab as any other. */
export function A({ to, search, ...rest }: To & AnchorProps & { 'aria-label'?: string }) {
  const path = usePath()
  return <Anchor component={Link} to={path(to) as never} search={(search ?? {}) as never} {...(rest as object)} />
}

/** The same, looking like a button. */
export function ButtonLink({ to, search, ...rest }: To & ButtonProps) {
  const path = usePath()
  return <Button component={Link} to={path(to) as never} search={(search ?? {}) as never} {...(rest as object)} />
}
