import AxeBuilder from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'
import { call, order, type Shop, signIn, signUp, stock } from './shop'

const before = ['/login', '/signup', '/forgot', '/reset?token=x', '/confirm', '/invite?token=x']

const screens = [
  '',
  '/orders',
  '/orders/new',
  '/orders/{order}',
  '/products',
  '/products/new',
  '/products/{product}',
  '/products/import',
  '/products/categories',
  '/inventory',
  '/inventory/movements',
  '/inventory/locations',
  '/customers',
  '/customers/{customer}',
  '/incidents',
  '/incidents/{incident}',
  '/alerts',
  '/alerts/deliveries',
  '/plugins',
  '/plugins/{plugin}',
  '/team',
  '/team/roles',
  '/account',
  '/keys',
  '/audit',
  '/settings',
]

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

const looks = [
  { name: 'light, desktop', scheme: 'light', width: 1440 },
  { name: 'dark, desktop', scheme: 'dark', width: 1440 },
  { name: 'light, 360 px', scheme: 'light', width: 360 },
  { name: 'dark, 360 px', scheme: 'dark', width: 360 },
] as const

let shop: Shop
let ids: Record<string, string> = {}

test.beforeAll(async ({ browser }) => {
  const page = await browser.newPage()
  shop = await signUp(page, 'axe')
  const product = await stock(page, 'Jasmine tea', 'TEA-1', 7)
  const placed = await order(page, 'TEA-1', 4)
  await call(page, 'POST', '/api/v1/members/invitations', {
    email: 'lin@example.com',
    roles: ['clerk'],
    language: 'en',
  })
  await call(page, 'POST', '/api/v1/api-keys', { name: 'Accounting', scopes: ['orders:read'] })
  const plugins = await call<{ items: { id: string }[] }>(page, 'GET', '/api/v1/plugins')
  const customers = await call<{ items: { id: string }[] }>(page, 'GET', '/api/v1/customers')
  const incident = await expect
    .poll(async () => (await call<{ items: { id: string }[] }>(page, 'GET', '/api/v1/incidents')).items[0]?.id ?? '', {
      timeout: 20_000,
    })
    .not.toBe('')
    .then(() => call<{ items: { id: string }[] }>(page, 'GET', '/api/v1/incidents'))
  ids = {
    product: product.id,
    order: placed.id,
    customer: customers.items[0]?.id ?? '',
    incident: incident.items[0]?.id ?? '',
    plugin: plugins.items[0]?.id ?? '',
  }
  await page.close()
})

test('before sign-in', async ({ page }) => {
  test.setTimeout(120_000)
  for (const path of before) {
    await page.goto(`/admin${path}`)
    await everyLook(page, path)
  }
})

test('every screen', async ({ page }) => {
  test.setTimeout(600_000)
  await signIn(page, shop)
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible()
  for (const path of screens) {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')
    await page.goto(`/admin/t/${shop.slug}${filled}`)
    await everyLook(page, path)
  }
})

/** A screen is loaded once and looked at in every look; the dark ones differ from the light in nothing but their colours. */
async function everyLook(page: Page, path: string) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  for (const { name, width, scheme } of looks) {
    await page.setViewportSize({ width, height: 800 })
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', scheme)
    await check(page, `${path || '/'}, ${name}`, scheme === 'dark')
  }
}

/** Nothing that WCAG 2.2 AA forbids, nothing wider than the window, nothing still loading. */
async function check(page: Page, path: string, onlyColours: boolean) {
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
  const axe = new AxeBuilder({ page })
  const { violations } = await (onlyColours ? axe.withRules('color-contrast') : axe.withTags(tags)).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const told = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map(node => `${node.target} ${node.html.slice(0, 160)}`).join(' | ')}`,
  )
  expect.soft(told, `axe on ${path}`).toEqual([])
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect.soft(overflow, `pixels that ${path} is too wide`).toBeLessThanOrEqual(0)
}
