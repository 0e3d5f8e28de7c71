import { Alert, AppShell, Burger, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import IconPlayerPause from '@tabler/icons-react/dist/esm/icons/IconPlayerPause.mjs'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useLocation, useMatches, useRouter } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef } from 'react'
import { asProblem } from '../api/problem'
import { meQuery, useCan, useMe } from '../api/session'
import { useSay } from '../i18n'
import { LiveProvider, useLiveState } from '../live/Live'
import { Forbidden, ProblemNote } from '../ui/Problem'
import { Bell } from './Bell'
import { Keys } from './Keys'
import { Nav } from './Nav'
import { Palette, PaletteButton } from './Palette'
import { Unconfirmed } from './Unconfirmed'
import { UserMenu } from './UserMenu'
import { shellWords } from './words'

/** The frame of every screen of a shop. Without a session it leads to the sign-in page. */
export function Shell() {
  const me = useQuery(meQuery)
  const router = useRouter()
  const isOut = me.isError && asProblem(me.error).status === 401
  // The route itself finds nobody signed in and leads away, once and with the address to come back to.
  useEffect(() => {
    if (isOut) void router.invalidate()
  }, [isOut, router])
  if (me.data) {
    return (
      <LiveProvider tenant={me.data.tenant.id}>
        <Frame />
      </LiveProvider>
    )
  }
  if (!me.isError || isOut) return null
  return <ProblemNote error={me.error} onRetry={() => void me.refetch()} />
}

function Frame() {
  const say = useSay(shellWords)
  const [opened, { toggle, close }] = useDisclosure()
  const { tenant } = useMe()
  const path = useLocation({ select: at => at.pathname })
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)

  // A new screen: the keyboard and the screen reader start at its content.
  useEffect(() => {
    if (!path) return
    close()
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
  }, [path, close])

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip" href="#content">
        {say('skip')}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" gap="xs" wrap="nowrap" justify="space-between">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={say('menu')}
              aria-expanded={opened}
            />
            <Text fw={700} truncate maw={200}>
              {tenant.name}
            </Text>
          </Group>
          <PaletteButton />
          <Group gap={4} wrap="nowrap">
            <Bell />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={say('menu')}>
        <Nav />
      </AppShell.Navbar>
      <AppShell.Main id="content" ref={main} tabIndex={-1} style={{ outline: 'none' }}>
        <Banners />
        <Gate>
          <Outlet />
        </Gate>
      </AppShell.Main>
      <Palette />
      <Keys />
    </AppShell>
  )
}

function Banners() {
  const say = useSay(shellWords)
  const state = useLiveState()
  const { tenant } = useMe()
  return (
    <>
      {state === 'paused' && (
        <Alert role="status" color="yellow" icon={<IconPlayerPause aria-hidden />} mb="md" p="xs">
          {say('paused')}
        </Alert>
      )}
      {tenant.status === 'suspended' && (
        <Alert role="alert" color="red" mb="md" p="xs">
          {say('suspended')}
        </Alert>
      )}
      <Unconfirmed />
    </>
  )
}

function Gate({ children }: { children: ReactNode }) {
  const can = useCan()
  const missing = useMatches()
    .map(match => match.staticData.permission)
    .find(permission => permission && !can(permission))
  return missing ? <Forbidden permission={missing} /> : children
}
