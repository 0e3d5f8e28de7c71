import AxeBuilder from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'
import { call, signUp, stock, watch } from './shop'

test('what a shop decides on logo, delivery, transfers and confirmation is so in its storefront', async ({
  page,
  context,
  baseURL,
}) => {
  const found = watch(page)
  const { slug } = await signUp(page, 'settings')
  await stock(page, 'Stoneware mug', 'MUG-1', 20)
  await page.goto(`/admin/t/${slug}/settings`)

  await test.step('a program that leaves the new settings out gets what is usual', async () => {
    const order = { unpaid_expiry_minutes: 45, ship_within_hours: 24 }
    const saved = await call<{ settings: { order: object } }>(page, 'PATCH', '/api/v1/tenant', { order })
    expect(saved.settings.order).toEqual({
      ...order,
      confirm_orders: false,
      hand_payments: ['on_delivery'],
      transfer_instructions: {},
      shipping_price: 0,
      shipping_free_from: 0,
    })
    await page.reload()
  })

  await test.step('the settings', async () => {
    const choosing = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Add a logo' }).click()
    await (await choosing).setFiles({ name: 'logo.png', mimeType: 'image/png', buffer: await picture(page) })
    await expect(page.getByRole('img', { name: 'The logo' })).toBeVisible()
    await page.getByRole('textbox', { name: 'Colour', exact: true }).fill('#ffe066')
    await expect(page.getByText(/Text on it is black/)).toBeVisible()
    await page.getByRole('switch', { name: 'Confirm orders that are paid by hand' }).check()
    await page.getByRole('textbox', { name: 'Price of delivery', exact: true }).fill('3.95')
    await page.getByRole('textbox', { name: 'Free from', exact: true }).fill('40')
    await page.getByRole('checkbox', { name: 'Bank transfer' }).check()
    await page.getByRole('checkbox', { name: 'On delivery or at pick-up' }).uncheck()
    await page.getByRole('button', { name: 'Save settings' }).click()
    await expect(page.getByText('Say how to pay by transfer.')).toBeVisible()
    const how = page.getByRole('textbox', { name: 'How to transfer (English)', exact: true })
    await expect(how).toBeFocused()
    await how.fill('Mugs Ltd\nIBAN GB00 1234')
    await page.getByRole('button', { name: 'Save settings' }).click()
    await expect(page.getByText('Settings saved.')).toBeVisible()
    await page.reload()
    await expect(page.getByRole('textbox', { name: 'Price of delivery', exact: true })).toHaveValue('3.95')
    await expect(how).toHaveValue('Mugs Ltd\nIBAN GB00 1234')
    await sound(page, 'settings')
  })

  const shop = await context.newPage()
  const outside = watch(shop)
  const home = new URL(baseURL ?? '')
  home.hostname = `${slug}.${home.hostname}`

  await test.step('the storefront', async () => {
    await shop.goto(home.href)
    const logo = shop.locator('header img')
    await expect(logo).toBeVisible()
    expect(await logo.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).toBe(60)
    await shop.locator('main a[href^="/p/"]').first().click()
    await shop.getByRole('button', { name: /^Add to cart/ }).click()
    await expect(shop.getByRole('link', { name: 'View cart' })).toBeVisible()
    await shop.goto(new URL('/cart', home).href)
    await expect(shop.getByText('£3.95 if we send it, free from £40.00')).toBeVisible()
    await shop.getByRole('link', { name: 'Go to checkout' }).click()
    await shop.locator('input[value="pickup"]').check()
    await expect(shop.getByTestId('total')).toHaveText('£12.50')
    await shop.locator('input[value="ship"]').check()
    await expect(shop.getByTestId('total')).toHaveText('£16.45')
    await fillIn(shop)
    await expect(shop.getByText('IBAN GB00 1234')).toBeVisible()
    await expect(shop.getByText(/The shop looks at your order/)).toBeVisible()
    await sound(shop, 'checkout')
    await shop.getByRole('button', { name: 'Order for £16.45' }).click()
    await expect(shop.getByTestId('state')).toHaveAttribute('data-state', 'waiting')
    await expect(shop.getByTestId('transfer')).toHaveCount(0)
  })

  await test.step('the order waits, is confirmed, and its customer sees it without a reload', async () => {
    await shop.evaluate(() => Object.assign(window, { sameDocument: true }))
    await page.goto(`/admin/t/${slug}/orders`)
    const row = page.getByRole('row', { name: /Ana Silva/ })
    await expect(row.getByText('To confirm')).toBeVisible()
    await row.getByRole('link').first().click()
    await expect(page.getByText('£3.95')).toBeVisible()
    await page.getByRole('button', { name: 'Confirm', exact: true }).click()
    await expect(page.getByRole('heading', { name: /^Order #/ })).toBeVisible()
    await expect(shop.getByTestId('state')).toHaveAttribute('data-state', 'accepted')
    await expect(shop.getByTestId('transfer')).toContainText('£16.45')
    await expect(shop.getByTestId('transfer')).toContainText('IBAN GB00 1234')
    await sound(shop, 'order')
  })

  await test.step('once it is paid, nobody is asked to transfer any more', async () => {
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Record a payment' }).click()
    await page.getByRole('button', { name: 'Record £16.45' }).click()
    await expect(shop.getByTestId('state')).toHaveAttribute('data-state', 'thanks')
    await expect(shop.getByTestId('transfer')).toHaveCount(0)
    expect(await shop.evaluate(() => 'sameDocument' in window)).toBe(true)
  })

  await test.step('the logo goes', async () => {
    await page.goto(`/admin/t/${slug}/settings`)
    await page.getByRole('button', { name: 'Remove the logo' }).click()
    await page.getByRole('button', { name: 'Save settings' }).click()
    await expect(page.getByText('Settings saved.')).toBeVisible()
    await expect(page.getByText(/None yet/)).toBeVisible()
    await expect(async () => {
      await shop.goto(home.href) // what shoppers see may lag a second behind
      await expect(shop.locator('header')).toBeVisible()
      expect(await shop.locator('header img').count()).toBe(0)
    }).toPass()
  })
  expect([...found, ...outside]).toEqual([])
})

async function fillIn(shop: Page) {
  const field = (name: string) => shop.locator(`[id="field-${name}"]`)
  await field('email').fill('ana@example.com')
  await field('name').fill('Ana Silva')
  await field('shipping_address.lines.0').fill('12 Park Row')
  await field('shipping_address.city').fill('Leeds')
}

/** A picture of 60 by 60 pixels. */
async function picture(page: Page) {
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 60
    const pen = canvas.getContext('2d')
    if (pen) pen.fillStyle = '#a23b3b'
    pen?.fillRect(10, 10, 40, 40)
    return canvas.toDataURL('image/png')
  })
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}

async function sound(page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html.slice(0, 160)).join(' | ')}`),
    what,
  ).toEqual([])
}
