import type { Page } from '@playwright/test'
import { address, choose, expect, fill, gifts, house, nobody, noodles, order, sound, test } from './shop'

type Visit = (page: Page) => Promise<void>
const to =
  (url: string): Visit =>
  async page => {
    await page.goto(url)
    await page.waitForLoadState('load')
    await page.locator('h1').first().waitFor({ state: 'attached' })
    await expect(page.locator('.skeleton')).toHaveCount(0)
    await expect(page.getByRole('alert')).toHaveCount(0)
  }

const screens: [string, Visit][] = [
  ['shelves', to(gifts)],
  ['menu', to(noodles)],
  ['rooms', to(house)],
  ['search', to(`${gifts}/search?q=heart`)],
  ['nothing found', to(`${gifts}/search?q=zzzznothing`)],
  ['product', page => fill(page)],
  ['empty cart', to(`${gifts}/cart`)],
  ['find order', to(`${gifts}/orders`)],
  ['sign in', to(`${gifts}/account`)],
  ['forgotten password', to(`${gifts}/account/forgot`)],
  ['missing page', to(`${gifts}/nothing/here`)],
  ['return without a payment', to(`${gifts}/return`)],
  [
    'dish sheet',
    async page => {
      await to(noodles)(page)
      await page.locator('main h3 a').first().click()
      await page.getByRole('dialog').getByTestId('unit-price').waitFor()
    }
  ],
  [
    'account',
    async page => {
      await to(`${gifts}/account`)(page)
      await page.getByRole('button', { name: /Create an account|注册账户/ }).click()
      await page.locator('#field-name').fill('Mei Lin')
      await page.locator('#field-email').fill(`mei.${Date.now()}@example.com`)
      await page.locator('#field-password').fill('copper lantern 91 teapot')
      await page.locator('form button[type="submit"].btn-big').click()
      await page.getByRole('button', { name: /Sign out|退出登录/ }).waitFor()
    }
  ]
]

/** everyWay looks at a screen on a phone and on a desk, in light and in dark. */
async function everyWay(page: Page, what: string): Promise<void> {
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await sound(page, `${what}, ${width} px, ${colorScheme}`)
    }
  }
}

for (const [i, [name, visit]] of screens.entries()) {
  test.describe(() => {
    test.use({ locale: i % 2 ? 'zh-CN' : 'en-GB', viewport: { width: 1280, height: 800 } })
    test(`${name} is sound`, async ({ page }) => {
      await visit(page)
      await everyWay(page, name)
    })
  })
}

for (const locale of ['en-GB', 'zh-CN']) {
  test.describe(locale, () => {
    test.use({ locale, viewport: { width: 1280, height: 800 } })
    test(`cart, checkout and payment are sound (${locale})`, async ({ page }) => {
      await fill(page)
      await to(`${gifts}/cart`)(page)
      await everyWay(page, 'cart')
      await to(`${gifts}/checkout`)(page)
      await order(page)
      await everyWay(page, 'checkout with errors')
      await address(page)
      await choose(page, '/qr')
      await order(page)
      await page.getByTestId('qr').waitFor()
      await everyWay(page, 'payment')
    })
  })
}

test.describe('a watch of 200 px', () => {
  test.use({ viewport: { width: 200, height: 200 } })
  for (const [name, visit] of screens.slice(0, 3)) {
    test(`${name}: nothing sticks out`, async ({ page }) => {
      await visit(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(200)
    })
  }
})

test('an address without a shop says so', async ({ page }) => {
  const answer = await page.goto(nobody)
  expect(answer?.status()).toBe(404)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
})
