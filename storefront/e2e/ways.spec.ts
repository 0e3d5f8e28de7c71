import type { Page } from '@playwright/test'
import { address, choose, expect, fill, gifts, house, noodles, order, sound, test } from './shop'

const field = (page: Page, name: string) => page.locator(`[id="field-${name}"]`)

test('an order is picked up: the place is chosen, no address is asked for, and the order says where', async ({
  page
}) => {
  await fill(page)
  await page.goto(`${gifts}/checkout`)
  await field(page, 'email').fill('pickup.e2e@example.com')
  await field(page, 'name').fill('Mei Lin')
  await page.locator('input[value="pickup"]').check()
  await expect(field(page, 'shipping_address.lines.0')).toHaveCount(0)
  await choose(page, '/qr')
  const place = page.locator('label.choice', { has: page.locator('input[name="location_id"]') }).last()
  await place.click()
  const name = (await place.locator('span.font-medium').textContent()) ?? ''
  await order(page)
  await page.waitForURL(/\/o\//)
  await expect(page.getByText('Pick-up', { exact: true })).toBeVisible()
  await expect(page.locator('main')).toContainText(name)
})

test('what is sold out says so and cannot be put into the cart', async ({ browser }) => {
  const page = await (await browser.newContext({ locale: 'zh-CN' })).newPage()
  for (const shop of [noodles, house]) {
    await page.goto(shop)
    await page.locator('main a[href^="/p/"]').first().waitFor()
    const out = page.locator('main a[href^="/p/"]', { hasText: '已售罄' })
    if (!(await out.first().isVisible())) continue
    await out.first().click()
    await page.getByTestId('unit-price').waitFor()
    await expect(page.locator('main')).toContainText('售罄')
    await expect(page.getByRole('button', { name: /加入购物车/ })).toHaveCount(0)
    await sound(page, 'sold out')
    return
  }
  throw new Error('no shop of the demo has anything sold out')
})

test('an order that was not paid in time says so by itself', async ({ page }) => {
  await fill(page)
  await page.goto(`${gifts}/checkout`)
  await address(page)
  await choose(page, '/qr')
  await order(page)
  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'pay')
  // The shop's shortest time to pay is five minutes: the answer is the server's own, with the state that it has then.
  await page.addInitScript(() => {
    const real = window.fetch
    window.fetch = async (...asked) => {
      const answer = await real(...asked)
      if (!/\/storefront\/orders\/[^/]+$/.test(answer.url)) return answer
      const order = { ...(await answer.json()), status: 'expired', payment_status: 'expired' }
      return new Response(JSON.stringify(order), { status: 200, headers: answer.headers })
    }
  })
  await page.reload()
  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'expired')
  await expect(page.getByText('Nothing was charged')).toBeVisible()
  await expect(page.getByTestId('qr')).toHaveCount(0)
  await sound(page, 'expired')
})

/** tab presses the key until the focus is on what is wanted, as a person without a mouse does. */
async function tab(page: Page, wanted: string): Promise<void> {
  const reached = () => page.evaluate(w => !!document.activeElement?.matches(w), wanted)
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press('Tab')
    if (await reached()) return
  }
  throw new Error(`the keyboard does not reach ${wanted}`)
}

test('a whole purchase with the keyboard alone', async ({ page }) => {
  await page.goto(gifts)
  await page.locator('main a[href^="/p/"]').first().waitFor()
  await tab(page, 'main a[href^="/p/"]')
  await page.keyboard.press('Enter')
  await page.getByTestId('unit-price').waitFor()
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  const name = (await page.getByRole('button', { name: /^Add to cart/ }).getAttribute('class')) ?? ''
  expect(name).toContain('btn')
  await tab(page, 'main button.btn-main')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('link', { name: 'View cart' })).toBeVisible()
  await tab(page, 'a[href="/cart"]')
  await page.keyboard.press('Enter')
  await page.getByTestId('total').waitFor()
  await tab(page, 'a[href="/checkout"]')
  await page.keyboard.press('Enter')
  await field(page, 'email').waitFor()
  const type = async (name: string, text: string) => {
    await tab(page, `[id="field-${name}"]`)
    await page.keyboard.type(text)
  }
  await type('email', 'keys.e2e@example.com')
  await type('name', 'Mei Lin')
  await tab(page, 'input[name="fulfilment_type"]')
  await page.keyboard.press('Space')
  await type('shipping_address.lines.0', '12 Park Row')
  await type('shipping_address.postal_code', 'LS1 5HD')
  await type('shipping_address.city', 'Leeds')
  await tab(page, 'input[name="payment_method"]')
  await page.keyboard.press('ArrowDown') // the second way is the QR code on our own page
  await expect(page.locator('input[name="payment_method"][value$="/qr"]')).toBeChecked()
  await expect(page.locator('form [aria-busy="false"]')).toBeVisible()
  await tab(page, 'main form button[type="submit"]')
  await expect(page.locator(':focus')).toBeEnabled()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/o\//)
  await expect(page.getByTestId('qr')).toBeVisible()
})

test.describe('on a phone, in Chinese', () => {
  test.use({ viewport: { width: 360, height: 740 }, locale: 'zh-CN', hasTouch: true })

  test('a purchase is Chinese from the shelf to the order, what the server says included', async ({ page }) => {
    await fill(page)
    await page.goto(`${gifts}/checkout`)
    await address(page)
    await choose(page, '/qr')
    await sound(page, 'checkout')
    await page.route('**/storefront/cart', async route => {
      if (route.request().method() !== 'PATCH') return route.continue()
      const body = { ...route.request().postDataJSON(), email: 'not an address' } // as a page of yesterday might send it
      await route.continue({ postData: JSON.stringify(body) })
    })
    await order(page)
    await expect(page.getByText('不是有效的邮箱').first()).toBeVisible()
    await page.unroute('**/storefront/cart')
    await order(page)
    await page.waitForURL(/\/o\//)
    await expect(page.getByTestId('qr')).toBeVisible()
    await sound(page, 'order')
    const english = ((await page.locator('main').innerText()).match(/[A-Za-z]{4,}( [A-Za-z]{2,}){2,}/g) ?? []).filter(
      words => !/Mei Lin|Park Row|Leeds/.test(words)
    )
    expect(english, 'English words on a Chinese page').toEqual([])
  })
})
