import { expect, test } from '@playwright/test'
import { call, signUp, stock, watch } from './shop'

test('a key is made, used, given a new secret and revoked', async ({ page, request }) => {
  const found = watch(page)
  const shop = await signUp(page, 'keys')
  await page.goto(`/admin/t/${shop.slug}/keys`)
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog', { name: 'New key' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Accounting')
  await expect(dialog.getByRole('checkbox', { checked: true })).toHaveCount(1) // reads orders, nothing else
  await dialog.getByRole('button', { name: 'Create' }).click()

  const secretOf = async () => {
    const shown = page.getByRole('dialog', { name: 'The secret of Accounting' })
    await page.keyboard.press('Escape') // it is shown once: no slip closes it
    const secret = (await shown.locator('code').textContent()) ?? ''
    await shown.getByRole('button', { name: 'I have kept it' }).click()
    await expect(shown).toHaveCount(0)
    return secret
  }
  const ask = async (secret: string, path: string) =>
    (await request.get(path, { headers: { Authorization: `Bearer ${secret}` } })).status()

  const first = await secretOf()
  expect(await ask(first, '/api/v1/orders')).toBe(200)
  expect(await ask(first, '/api/v1/products')).toBe(403)
  await page.reload()
  const row = page.getByRole('row', { name: /^Accounting/ })
  await expect(row).toBeVisible()
  await expect(page.getByText(first)).toHaveCount(0)

  await row.getByRole('button', { name: 'New secret: Accounting' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click()
  await expect(page.getByText(/^The old secret works until/)).toBeVisible()
  const second = await secretOf()
  expect(second).not.toBe(first)
  expect(await ask(first, '/api/v1/orders')).toBe(200)
  expect(await ask(second, '/api/v1/orders')).toBe(200)

  await row.getByRole('button', { name: 'Revoke: Accounting' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await expect(page.getByText('No keys yet')).toBeVisible()
  expect(await ask(first, '/api/v1/orders')).toBe(401)
  expect(await ask(second, '/api/v1/orders')).toBe(401)
  expect(found).toEqual([])
})

test('the audit log is searched and shows what was before and after', async ({ page }) => {
  const found = watch(page)
  const shop = await signUp(page, 'audit')
  const { id } = await stock(page, 'Jasmine tea', 'TEA-1', 7)
  await call(page, 'DELETE', `/api/v1/products/${id}`)
  await page.goto(`/admin/t/${shop.slug}/audit`)
  await page.getByRole('textbox', { name: 'Action, such as order.' }).fill('product.')
  await page.getByRole('textbox', { name: 'Id of the object' }).fill(id)
  await expect(page).toHaveURL(/action=product.*object_id=/)
  const shown = page.getByRole('button', { name: /^Show what product\./ })
  await expect(shown).toHaveCount(2)
  await shown.first().click()
  const detail = page.getByRole('dialog')
  await expect(detail.getByRole('row', { name: /status active archived/ })).toBeVisible()
  await expect(detail.getByText('Mei Chen (Member)')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.getByRole('textbox', { name: 'From' }).fill('2099-01-01')
  await expect(page.getByText('Nothing matches these filters.')).toBeVisible()
  expect(found).toEqual([])
})
