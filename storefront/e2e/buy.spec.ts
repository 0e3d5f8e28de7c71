import { address, choose, expect, fill, gifts, order, test } from './shop'

test.beforeEach(async ({ page }) => {
  await fill(page)
  await page.goto(`${gifts}/checkout`)
  await address(page)
})

test('a customer pays by QR code and sees "paid" without a reload', async ({ page, browser }) => {
  await choose(page, '/qr')
  await order(page)
  await expect(page.getByTestId('qr')).toBeVisible()
  await expect(page.getByRole('timer')).toBeVisible()
  await page.evaluate(() => Object.assign(window, { sameDocument: true }))

  const code = await page.locator('a', { hasText: 'Open the payment app' }).getAttribute('href')
  const phone = await (await browser.newContext()).newPage() // the payment app: another device, another origin
  await phone.goto(code ?? '')
  await phone.locator('button[value="pay"], input[value="pay"]').first().click()

  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'thanks')
  await expect(page.getByTestId('announcer')).toContainText('Paid')
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/\d/) // the number is given with the payment
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true)
  await phone.context().close()
})

test('a changed total is shown and asked about; nothing is ordered until the customer agrees', async ({ page }) => {
  await choose(page, '/qr')
  const before = (await page.getByTestId('total').textContent()) ?? ''
  let tampered = false
  await page.route('**/storefront/cart/complete', async route => {
    if (!tampered) {
      tampered = true
      // Between the customer's look and the order, the cart becomes dearer: the server itself answers 409.
      const other = await page.context().newPage()
      await other.goto(gifts)
      const status = await other.evaluate(async () => {
        const headers = { 'Content-Type': 'application/json', 'X-Allhours': '1' }
        const cart = await (await fetch('/api/v1/storefront/cart')).json()
        const body = JSON.stringify({ variant_id: cart.lines[0].variant_id, quantity: 1 })
        return (await fetch('/api/v1/storefront/cart/lines', { method: 'POST', headers, body })).status
      })
      expect(status).toBeLessThan(300)
      await other.close()
    }
    await route.continue()
  })
  const refused = page.waitForResponse(r => r.url().endsWith('/cart/complete'))
  await order(page)
  expect((await refused).status()).toBe(409)
  await expect(page.getByText(/The total is now/)).toBeVisible()
  expect(page.url()).toContain('/checkout')
  const after = (await page.getByTestId('total').textContent()) ?? ''
  expect(after).not.toBe(before)
  await expect(page.locator('form button[type="submit"].btn-big')).toContainText(after)

  await order(page)
  await page.waitForURL(/\/o\//)
  await expect(page.getByTestId('total')).toHaveText(after)
})

test('an answer that is lost does not make a second order', async ({ page }) => {
  await choose(page, '/qr')
  const keys: string[] = []
  page.on('request', r => {
    if (r.url().endsWith('/cart/complete')) keys.push(r.headers()['idempotency-key'] ?? '')
  })
  const wire = await page.context().newCDPSession(page)
  await wire.send('Fetch.enable', { patterns: [{ urlPattern: '*/cart/complete', requestStage: 'Response' }] })
  wire.once('Fetch.requestPaused', async ({ requestId }) => {
    await wire.send('Fetch.failRequest', { requestId, errorReason: 'ConnectionReset' }) // the server has done it; the answer never arrives
    await wire.send('Fetch.disable')
  })
  await order(page)
  await expect(page.getByText(/will not be placed twice/)).toBeVisible()
  await order(page)
  await page.waitForURL(/\/o\//)
  await expect(page.getByTestId('qr')).toBeVisible()
  expect(keys).toHaveLength(2)
  expect(keys[0]).toBe(keys[1])
})

test('what is missing is named beside its field and in a summary that has the focus', async ({ page }) => {
  await page.locator('#field-email').fill('not an address')
  await page.locator('#field-name').fill('')
  await order(page)
  const summary = page.getByRole('alert').filter({ hasText: 'Please look at these fields' })
  await expect(summary).toBeFocused()
  await summary.getByRole('link', { name: /name@example.com/ }).click()
  await expect(page.locator('#field-email')).toBeFocused()
  await expect(page.locator('#field-email')).toHaveAttribute('aria-invalid', 'true')
})

test('an unpaid order can be cancelled by its customer', async ({ page }) => {
  await choose(page, '/qr')
  await order(page)
  await page.getByRole('button', { name: 'Cancel this order' }).click()
  await page.getByRole('button', { name: 'Yes, cancel it' }).click()
  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'cancelled')
  await page.reload()
  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'cancelled')
})
