import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { asProblem } from './api/problem'
import { meQuery, type Permission } from './api/session'
import { Missing } from './shell/Missing'
import { RouteProblem } from './shell/RouteProblem'
import { parseSearch, type Search, stringifySearch } from './ui/listState'

type Context = { client: QueryClient }

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** Without it the screen says which permission is missing. */
    permission?: Permission
  }
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: Missing,
  validateSearch: (search): Search => search as Search,
})

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async ({ context }) => {
    const me = await context.client.ensureQueryData(meQuery).catch(toSignIn())
    throw redirect({ to: `/t/${me.tenant.slug}` as never })
  },
})

const shop = createRoute({
  getParentRoute: () => root,
  path: '/t/$tenant',
  beforeLoad: async ({ context, params, location }) => {
    const me = await context.client.ensureQueryData(meQuery).catch(toSignIn(params.tenant, location.href))
    if (me.tenant.slug !== params.tenant) throw redirect({ to: '/login', search: { shop: params.tenant } })
  },
  component: lazyRouteComponent(() => import('./shell/Shell'), 'Shell'),
  errorComponent: RouteProblem,
})

const open = [
  page(
    () => root,
    '/login',
    () => import('./auth/LoginPage'),
    'LoginPage',
  ),
  page(
    () => root,
    '/signup',
    () => import('./auth/SignUpPage'),
    'SignUpPage',
  ),
  page(
    () => root,
    '/forgot',
    () => import('./auth/ForgotPage'),
    'ForgotPage',
  ),
  page(
    () => root,
    '/reset',
    () => import('./auth/ResetPage'),
    'ResetPage',
  ),
  page(
    () => root,
    '/confirm',
    () => import('./auth/ConfirmPage'),
    'ConfirmPage',
  ),
  page(
    () => root,
    '/invite',
    () => import('./auth/InvitePage'),
    'InvitePage',
  ),
]

const screens = [
  page(
    () => shop,
    '/',
    () => import('./dashboard/DashboardPage'),
    'DashboardPage',
  ),
  page(
    () => shop,
    '/orders',
    () => import('./orders/OrdersPage'),
    'OrdersPage',
    'orders:read',
  ),
  page(
    () => shop,
    '/orders/new',
    () => import('./orders/NewOrderPage'),
    'NewOrderPage',
    'orders:write',
  ),
  page(
    () => shop,
    '/orders/$id',
    () => import('./orders/OrderPage'),
    'OrderPage',
    'orders:read',
  ),
  page(
    () => shop,
    '/products',
    () => import('./products/ProductsPage'),
    'ProductsPage',
    'products:read',
  ),
  page(
    () => shop,
    '/products/import',
    () => import('./products/ImportPage'),
    'ImportPage',
    'imports:write',
  ),
  page(
    () => shop,
    '/products/categories',
    () => import('./products/CategoriesPage'),
    'CategoriesPage',
    'products:read',
  ),
  page(
    () => shop,
    '/products/new',
    () => import('./products/ProductPage'),
    'NewProductPage',
    'products:write',
  ),
  page(
    () => shop,
    '/products/$id',
    () => import('./products/ProductPage'),
    'ProductPage',
    'products:read',
  ),
  page(
    () => shop,
    '/inventory',
    () => import('./inventory/LevelsPage'),
    'LevelsPage',
    'inventory:read',
  ),
  page(
    () => shop,
    '/inventory/movements',
    () => import('./inventory/MovementsPage'),
    'MovementsPage',
    'inventory:read',
  ),
  page(
    () => shop,
    '/inventory/locations',
    () => import('./inventory/LocationsPage'),
    'LocationsPage',
    'inventory:read',
  ),
  page(
    () => shop,
    '/customers',
    () => import('./customers/CustomersPage'),
    'CustomersPage',
    'customers:read',
  ),
  page(
    () => shop,
    '/customers/$id',
    () => import('./customers/CustomerPage'),
    'CustomerPage',
    'customers:read',
  ),
  page(
    () => shop,
    '/incidents',
    () => import('./alerts/IncidentsPage'),
    'IncidentsPage',
    'alerts:read',
  ),
  page(
    () => shop,
    '/incidents/$id',
    () => import('./alerts/IncidentPage'),
    'IncidentPage',
    'alerts:read',
  ),
  page(
    () => shop,
    '/alerts',
    () => import('./alerts/RulesPage'),
    'RulesPage',
    'alerts:read',
  ),
  page(
    () => shop,
    '/alerts/deliveries',
    () => import('./alerts/DeliveriesPage'),
    'DeliveriesPage',
    'alerts:read',
  ),
  page(
    () => shop,
    '/plugins',
    () => import('./plugins/PluginsPage'),
    'PluginsPage',
    'plugins:read',
  ),
  page(
    () => shop,
    '/plugins/$publisher/$name',
    () => import('./plugins/PluginPage'),
    'PluginPage',
    'plugins:read',
  ),
  page(
    () => shop,
    '/team',
    () => import('./team/MembersPage'),
    'MembersPage',
    'members:read',
  ),
  page(
    () => shop,
    '/team/roles',
    () => import('./team/RolesPage'),
    'RolesPage',
    'members:read',
  ),
  page(
    () => shop,
    '/account',
    () => import('./settings/AccountPage'),
    'AccountPage',
  ),
  page(
    () => shop,
    '/keys',
    () => import('./settings/KeysPage'),
    'KeysPage',
    'keys:read',
  ),
  page(
    () => shop,
    '/audit',
    () => import('./audit/AuditPage'),
    'AuditPage',
    'audit:read',
  ),
  page(
    () => shop,
    '/settings',
    () => import('./settings/SettingsPage'),
    'SettingsPage',
    'settings:read',
  ),
]

const tree = root.addChildren([home, ...open, shop.addChildren(screens)])

export function newRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: '/admin',
    context: { client },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: RouteProblem,
    defaultNotFoundComponent: Missing,
    scrollRestoration: true,
  })
}

type Loader<N extends string> = () => Promise<Record<N, () => React.ReactNode>>

/** A screen in a chunk of its own. */
function page<N extends string>(
  parent: () => typeof root | typeof shop,
  path: string,
  load: Loader<N>,
  name: N,
  permission?: Permission,
) {
  return createRoute({
    getParentRoute: parent as () => typeof root,
    path: path as string,
    component: lazyRouteComponent(load, name),
    errorComponent: RouteProblem,
    staticData: permission ? { permission } : {},
  })
}

function toSignIn(shop?: string, from?: string) {
  return (error: unknown): never => {
    if (asProblem(error).status !== 401) throw error
    throw redirect({ to: '/login', search: { ...(shop && { shop }), ...(from && { from }) } })
  }
}
