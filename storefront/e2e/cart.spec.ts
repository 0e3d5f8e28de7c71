import { expect, fill, gifts, noodles, test } from './shop'

test('the cart survives a reload, another tab and a change of language', async ({ page, context }) => {
  await fill(page)
  await page.goto(`${gifts}/cart`)
  const total = (await page.getByTestId('total').textContent()) ?? ''
  await page.reload()
  await expect(page.getByTestId('total')).toHaveText(total)

  const other = await context.newPage()
  await other.goto(`${gifts}/cart`)
  await expect(other.getByTestId('total')).toHaveText(total)
  await other.getByRole('button', { name: '中文' }).click()
  await expect(other.getByRole('heading', { level: 1, name: '购物车' })).toBeVisible()
  await expect(other.getByTestId('total')).toHaveText(total)
})

test('quick taps become one write, and the server reckons the total', async ({ page }) => {
  await fill(page)
  await page.goto(`${gifts}/cart`)
  const writes: string[] = []
  page.on('request', r => {
    if (r.method() === 'PUT') writes.push(r.postData() ?? '')
  })
  const before = (await page.getByTestId('total').textContent()) ?? ''
  const more = page.getByRole('button', { name: /^One more/ })
  await more.click()
  await more.click()
  await expect(page.locator('output')).toHaveText('3')
  await expect(page.getByTestId('total')).not.toHaveText(before)
  expect(writes).toHaveLength(1)
  expect(writes[0]).toContain('"quantity":3')

  await page.getByRole('button', { name: /^Remove/ }).click()
  await expect(page.getByText('Your cart is empty')).toBeVisible()
  await page.reload()
  await expect(page.getByText('Your cart is empty')).toBeVisible()
})

test('a menu is ordered from without leaving it', async ({ browser }) => {
  const page = await (await browser.newContext({ locale: 'zh-CN', viewport: { width: 1280, height: 800 } })).newPage()
  await page.goto(noodles)
  await page
    .getByRole('button', { name: /^加入：/ })
    .first()
    .click()
  const panel = page.getByRole('complementary', { name: '购物车' })
  await expect(panel.locator('output')).toHaveText('1')
  await page
    .getByRole('button', { name: /^选择：/ })
    .first()
    .click()
  const sheet = page.getByRole('dialog')
  await expect(sheet.locator('fieldset[data-option] input').first()).toBeAttached()
  for (const group of await sheet.locator('fieldset[data-option]').all())
    await group.locator('input:not([disabled])').first().check()
  await sheet.getByRole('button', { name: /^加入购物车/ }).click()
  await expect(sheet).toBeHidden()
  await expect(panel.locator('output')).toHaveCount(2)
  await page.context().close()
})

test('search finds, and says when it does not', async ({ page }) => {
  await page.goto(gifts)
  await page.getByRole('searchbox').fill('heart')
  await page.getByRole('searchbox').press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('heart')
  await expect(page.locator('main a[href^="/p/"]').first()).toContainText(/heart/i)
  await page.getByRole('searchbox').fill('zzzz nothing')
  await page.getByRole('searchbox').press('Enter')
  await expect(page.getByText('Nothing found')).toBeVisible()
})

test('several are put into the cart at once, at the price for so many', async ({ page }) => {
  await page.goto(`${gifts}/p/pack-of-72-retrospot-cake-cases`)
  const price = page.getByTestId('unit-price')
  const alone = (await price.textContent()) ?? ''
  const more = page.getByRole('button', { name: /^One more/ })
  for (let n = 2; n <= 24; n++) {
    await more.click()
    await expect(page.locator('output').first()).toHaveText(String(n))
  }
  await expect(price).not.toHaveText(alone)
  await page.getByRole('button', { name: /^Add to cart/ }).click()
  await expect(page.getByRole('link', { name: 'View cart' })).toBeVisible()
  await page.goto(`${gifts}/cart`)
  await expect(page.locator('output')).toHaveText('24')
})
