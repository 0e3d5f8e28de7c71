import { AppShell, Badge, NavLink, ScrollArea, Text } from '@mantine/core'
import IconExternalLink from '@tabler/icons-react/dist/esm/icons/IconExternalLink.mjs'
import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { openIncidentsQuery } from '../alerts/api'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { usePath } from '../ui/A'
import { usePages } from './pages'
import { shellWords } from './words'

export function Nav() {
  const say = useSay(shellWords)
  const pages = usePages().filter(page => page.label !== 'account')
  const tenant = useTenant()
  const groups = [undefined, 'sell', 'watch', 'run'] as const
  return (
    <>
      <AppShell.Section grow component={ScrollArea} type="scroll">
        {groups.map(group => {
          const entries = pages.filter(page => page.group === group)
          if (entries.length === 0) return null
          return (
            <div key={group ?? 'top'} role="group" aria-label={group ? say(group) : undefined}>
              {group && (
                <Text size="xs" fw={600} c="dimmed" px="sm" pt="md" pb={4} aria-hidden>
                  {say(group)}
                </Text>
              )}
              {entries.map(page => (
                <Entry
                  key={page.to}
                  to={page.to}
                  label={say(page.label)}
                  icon={page.icon}
                  badge={page.to === '/incidents'}
                />
              ))}
            </div>
          )
        })}
      </AppShell.Section>
      <AppShell.Section>
        <NavLink
          component="a"
          href={shopAddress(tenant.slug)}
          target="_blank"
          rel="noreferrer"
          label={say('viewShop')}
          leftSection={<IconExternalLink size={18} aria-hidden />}
        />
      </AppShell.Section>
    </>
  )
}

function Entry({
  to,
  label,
  icon: Icon,
  badge,
}: {
  to: string
  label: string
  icon: typeof IconExternalLink
  badge: boolean
}) {
  const path = usePath()
  const here = useLocation({ select: at => at.pathname })
  const full = path(to)
  const active = to === '/' ? here.replace(/\/$/, '') === full : here === full || here.startsWith(`${full}/`)
  return (
    <NavLink
      component={Link}
      to={full as never}
      activeOptions={{ exact: to === '/' }}
      label={label}
      active={active}
      aria-current={active ? 'page' : undefined}
      leftSection={<Icon size={18} aria-hidden />}
      rightSection={badge ? <OpenIncidents /> : undefined}
      styles={{ root: { borderRadius: 8 } }}
    />
  )
}

function OpenIncidents() {
  const can = useCan()
  const { data } = useQuery({ ...openIncidentsQuery, enabled: can('alerts:read') })
  return data ? (
    <Badge size="sm" color="red" variant="light">
      {data > 99 ? '99+' : data}
    </Badge>
  ) : null
}

/** Where customers see the shop: its own host when the console stands on the base domain, otherwise this host. */
export function shopAddress(slug: string, at: Location = location) {
  const host =
    at.hostname === slug || at.hostname.startsWith(`${slug}.`) || isAddress(at.hostname)
      ? at.host
      : `${slug}.${at.host}`
  return `${at.protocol}//${host}/`
}

function isAddress(host: string) {
  return /^[\d.]+$/.test(host) || host.includes(':')
}
