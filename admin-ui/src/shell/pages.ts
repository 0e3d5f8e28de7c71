import IconBell from '@tabler/icons-react/dist/esm/icons/IconBellRinging.mjs'
import IconBox from '@tabler/icons-react/dist/esm/icons/IconBox.mjs'
import IconHistory from '@tabler/icons-react/dist/esm/icons/IconHistory.mjs'
import IconHome from '@tabler/icons-react/dist/esm/icons/IconHome.mjs'
import IconKey from '@tabler/icons-react/dist/esm/icons/IconKey.mjs'
import IconPackages from '@tabler/icons-react/dist/esm/icons/IconPackages.mjs'
import IconPlug from '@tabler/icons-react/dist/esm/icons/IconPlug.mjs'
import IconReceipt from '@tabler/icons-react/dist/esm/icons/IconReceipt.mjs'
import IconSettings from '@tabler/icons-react/dist/esm/icons/IconSettings.mjs'
import IconUrgent from '@tabler/icons-react/dist/esm/icons/IconUrgent.mjs'
import IconUser from '@tabler/icons-react/dist/esm/icons/IconUser.mjs'
import IconUsers from '@tabler/icons-react/dist/esm/icons/IconUsers.mjs'
import IconUsersGroup from '@tabler/icons-react/dist/esm/icons/IconUsersGroup.mjs'
import { type Permission, useCan } from '../api/session'

type PageEntry = {
  to: string
  label:
    | 'dashboard'
    | 'orders'
    | 'products'
    | 'inventory'
    | 'customers'
    | 'incidents'
    | 'alerts'
    | 'plugins'
    | 'team'
    | 'audit'
    | 'keys'
    | 'settings'
    | 'account'
  icon: typeof IconHome
  group?: 'sell' | 'watch' | 'run'
  needs?: Permission
  /** The second letter of the chord G …. */
  key?: string
}

const pages: PageEntry[] = [
  { to: '/', label: 'dashboard', icon: IconHome, needs: 'reports:read', key: 'h' },
  { to: '/orders', label: 'orders', icon: IconReceipt, group: 'sell', needs: 'orders:read', key: 'o' },
  { to: '/products', label: 'products', icon: IconBox, group: 'sell', needs: 'products:read', key: 'p' },
  { to: '/inventory', label: 'inventory', icon: IconPackages, group: 'sell', needs: 'inventory:read', key: 'i' },
  { to: '/customers', label: 'customers', icon: IconUsers, group: 'sell', needs: 'customers:read', key: 'c' },
  { to: '/incidents', label: 'incidents', icon: IconUrgent, group: 'watch', needs: 'alerts:read', key: 'n' },
  { to: '/alerts', label: 'alerts', icon: IconBell, group: 'watch', needs: 'alerts:read', key: 'a' },
  { to: '/plugins', label: 'plugins', icon: IconPlug, group: 'run', needs: 'plugins:read', key: 'y' },
  { to: '/team', label: 'team', icon: IconUsersGroup, group: 'run', needs: 'members:read', key: 't' },
  { to: '/keys', label: 'keys', icon: IconKey, group: 'run', needs: 'keys:read' },
  { to: '/audit', label: 'audit', icon: IconHistory, group: 'run', needs: 'audit:read', key: 'l' },
  { to: '/settings', label: 'settings', icon: IconSettings, group: 'run', needs: 'settings:read', key: 's' },
  { to: '/account', label: 'account', icon: IconUser },
]

/** The pages the signed-in person may open. */
export function usePages() {
  const can = useCan()
  return pages.filter(page => !page.needs || can(page.needs))
}
