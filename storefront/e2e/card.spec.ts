import { test as plain } from '@playwright/test'
import { address, choose, expect, fill, gifts, order } from './shop'

// The provider's pages are another origin, so this test does not watch for requests outside of ours.
plain.beforeEach(async ({ page }) => {
  await fill(page)
  await page.goto(`${gifts}/checkout`)
  await address(page)
  await choose(page, '/card')
  await order(page)
  await page.waitForURL(url => !url.href.startsWith(gifts))
})

async function card(page: import('@playwright/test').Page, number: string) {
  await page.locator('[name="number"]').fill(number)
  await page.locator('[name="expiry"]').fill('12/40')
  await page.locator('[name="cvc"]').fill('123')
  await page.locator('button[value="pay"]').click()
}

plain('a card payment comes back to an order that says "paid"', async ({ page }) => {
  await card(page, '4242424242424242')
  await page.waitForURL(/\/o\//)
  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'thanks')
})

plain('a declined card leaves the order there, and another way to pay mends it', async ({ page }) => {
  await card(page, '4000000000000002')
  await page.waitForURL(/\/o\//)
  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'failed')
  await choose(page, '/qr')
  await order(page)
  await expect(page.getByTestId('qr')).toBeVisible()
})
