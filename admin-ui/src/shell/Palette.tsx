import { ActionIcon, Box, Kbd, Loader, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { Spotlight, spotlight } from '@mantine/spotlight'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan } from '../api/session'
import { findCustomers } from '../customers/api'
import { useSay } from '../i18n'
import { findOrders } from '../orders/api'
import { findProducts } from '../products/api'
import { usePath } from '../ui/A'
import classes from './Palette.module.css'
import { usePages } from './pages'
import { shellWords } from './words'

export const openPalette = spotlight.open

const paletteKey = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘ K' : 'Ctrl K'

export function PaletteButton() {
  const say = useSay(shellWords)
  return (
    <>
      <UnstyledButton className={classes.button} onClick={openPalette} visibleFrom="sm">
        <IconSearch size={16} aria-hidden />
        <Text size="sm" c="dimmed" flex={1} ta="left" truncate>
          {say('search')}
        </Text>
        <Kbd size="xs">{paletteKey}</Kbd>
      </UnstyledButton>
      <Box hiddenFrom="sm" ml="auto">
        <Tooltip label={say('search')}>
          <ActionIcon size={36} aria-label={say('search')} onClick={openPalette}>
            <IconSearch size={20} />
          </ActionIcon>
        </Tooltip>
      </Box>
    </>
  )
}

type Hit = { to: string; label: string; detail?: string; group: string }

/** One search for pages, orders, products and customers. Its results are links: Ctrl-click opens a tab. */
export function Palette() {
  const say = useSay(shellWords)
  const path = usePath()
  const can = useCan()
  const pages = usePages()
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), 200)
  const found = useQuery({
    queryKey: ['palette', q],
    enabled: q.length >= 2,
    queryFn: async (): Promise<Hit[]> => {
      const searches = [
        can('orders:read')
          ? findOrders(q).then(hits =>
              hits.map(o => ({ to: `/orders/${o.id}`, label: o.number, detail: o.name, group: say('orders') })),
            )
          : [],
        can('products:read')
          ? findProducts(q).then(hits =>
              hits.map(p => ({ to: `/products/${p.id}`, label: p.label, detail: p.detail, group: say('products') })),
            )
          : [],
        can('customers:read')
          ? findCustomers(q).then(hits =>
              hits.map(c => ({ to: `/customers/${c.id}`, label: c.name, detail: c.email, group: say('customers') })),
            )
          : [],
      ]
      return (await Promise.all(searches)).flat()
    },
  })
  const wanted = typed.trim().toLowerCase()
  const hits: Hit[] = [
    ...pages
      .map(page => ({ to: page.to, label: say(page.label), group: say('search.pages') }))
      .filter(page => page.label.toLowerCase().includes(wanted)),
    ...(wanted.length >= 2 ? (found.data ?? []) : []),
  ]
  const groups = [...new Set(hits.map(hit => hit.group))]
  return (
    <Spotlight.Root query={typed} onQueryChange={setTyped} shortcut="mod + K" scrollable maxHeight={420}>
      <Spotlight.Search
        placeholder={say('search.hint')}
        aria-label={say('search')}
        leftSection={<IconSearch size={18} aria-hidden />}
        rightSection={found.isFetching ? <Loader size="xs" /> : undefined}
      />
      <Spotlight.ActionsList>
        {groups.map(group => (
          <Spotlight.ActionsGroup key={group} label={group}>
            {hits
              .filter(hit => hit.group === group)
              .map(hit => (
                <Spotlight.Action
                  key={hit.to}
                  renderRoot={props => <Link to={path(hit.to) as never} {...(props as object)} />}
                >
                  <Text size="sm" flex={1}>
                    {hit.label}
                  </Text>
                  {hit.detail && (
                    <Text size="xs" c="dimmed" truncate>
                      {hit.detail}
                    </Text>
                  )}
                </Spotlight.Action>
              ))}
          </Spotlight.ActionsGroup>
        ))}
        {hits.length === 0 && <Spotlight.Empty>{say('search.none')}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  )
}
