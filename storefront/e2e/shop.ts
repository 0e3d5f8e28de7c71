import { AxeBuilder } from '@axe-core/playwright'
import { test as base, expect, type Page } from '@playwright/test'

const gateway = new URL(process.env.BASE_URL ?? 'http://localhost:8080')

/** The demo's shops; other slugs can be named in the environment. */
export const gifts = shopURL(process.env.SHOP_GIFTS ?? 'gifts')
export const noodles = shopURL(process.env.SHOP_NOODLES ?? 'mianguan')
export const house = shopURL(process.env.SHOP_HOUSE ?? 'seaview')
export const nobody = shopURL('no-such-shop')

function shopURL(slug: string): string {
  return `${gateway.protocol}//${slug}.${gateway.host}`
}

/** Every test watches its page: nothing is asked of another origin, no script fails, no policy is broken. */
export const test = base.extend<{ watched: string[] }>({
  watched: [
    async ({ context }, use) => {
      const wrong: string[] = []
      await context.exposeFunction('cspBroken', (what: string) => wrong.push(`CSP: ${what}`))
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', e => {
          const report = (window as unknown as { cspBroken: (what: string) => void }).cspBroken
          report(`${e.violatedDirective} ${e.blockedURI}`)
        })
      })
      context.on('page', page => {
        page.on('pageerror', e => wrong.push(`error: ${e.message}`))
        page.on('request', r => {
          const url = new URL(r.url())
          const own = url.protocol === 'blob:' || url.protocol === 'data:' || url.host.endsWith(gateway.host)
          if (!own) wrong.push(`outside: ${r.url()}`)
        })
      })
      await use(wrong)
      expect(wrong, 'requests outside the origin, failed scripts, broken policies').toEqual([])
    },
    { auto: true }
  ]
})

/** sound fails on any accessibility problem that axe calls serious or critical, and on a page wider than its window. */
export async function sound(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze()
  const bad = violations
    .filter(v => v.impact === 'serious' || v.impact === 'critical')
    .map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`)
  expect(bad, what).toEqual([])
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(over, `${what}: wider than the window`).toBeLessThanOrEqual(0)
}

/** fill puts the first product in stock into the cart, by the way a customer goes. */
export async function fill(page: Page, shop = gifts): Promise<void> {
  await page.goto(shop)
  const inStock = page.locator('main a[href^="/p/"]').filter({ hasNotText: /Sold out|已售罄/ })
  await inStock.first().click()
  await page.getByTestId('unit-price').waitFor()
  for (const group of await page.locator('fieldset[data-option]').all())
    await group.locator('input:not([disabled])').first().check()
  await page.getByRole('button', { name: /^(Add to cart|加入购物车)/ }).click()
  await expect(page.getByRole('link', { name: /^(View cart|查看购物车)$/ })).toBeVisible()
}

/** address fills in the checkout as a guest who wants delivery. */
export async function address(page: Page): Promise<void> {
  const field = (name: string) => page.locator(`[id="field-${name}"]`)
  await field('email').fill('mei.e2e@example.com')
  await field('name').fill('Mei Lin')
  if (await page.locator('input[value="ship"]').count()) {
    await page.locator('input[value="ship"]').check()
    await field('shipping_address.lines.0').fill('12 Park Row')
    await field('shipping_address.city').fill('Leeds')
    await field('shipping_address.postal_code').fill('LS1 5HD')
  }
}

/** choose takes the way to pay whose id ends so: "/qr", "/card", "on_delivery". */
export const choose = (page: Page, method: string) =>
  page.locator(`input[name="payment_method"][value$="${method}"]`).check()

/** order presses the button when the price on it is settled. */
export async function order(page: Page): Promise<void> {
  await expect(page.locator('form [aria-busy="true"]')).toHaveCount(0)
  const button = page.locator('form button[type="submit"].btn-big')
  await expect(button).toBeEnabled()
  await button.click()
}

export { expect }
