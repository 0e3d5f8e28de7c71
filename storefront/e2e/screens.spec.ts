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
  ['no shop', async page => void (await page.goto(nobody))],
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

const buying = async (page: Page, look: (what: string) => Promise<void>) => {
  await fill(page)
  await to(`${gifts}/cart`)(page)
  await look('cart')
  await to(`${gifts}/checkout`)(page)
  await order(page)
  await look('checkout with errors')
  await address(page)
  await choose(page, '/qr')
  await order(page)
  await page.getByTestId('qr').waitFor()
  await look('payment')
}

for (const width of [360, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${width} px, ${colorScheme}`, () => {
      test.use({ viewport: { width, height: 800 }, colorScheme, locale: colorScheme === 'dark' ? 'zh-CN' : 'en-GB' })

      for (const [name, visit] of screens) {
        test(name, async ({ page }) => {
          await visit(page)
          await sound(page, name)
        })
      }

      test('cart, checkout and payment', async ({ page }) => {
        await buying(page, what => sound(page, what))
      })
    })
  }
}

test.describe('a watch of 200 px', () => {
  test.use({ viewport: { width: 200, height: 200 } })
  for (const [name, visit] of screens.slice(0, 3)) {
    test(`${name} does not overflow`, async ({ page }) => {
      await visit(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(200)
    })
  }
})
