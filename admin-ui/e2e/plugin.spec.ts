import { expect, test } from '@playwright/test'
import { elsewhere, front, signUp, stock, watch } from './shop'

const provider = process.env.PROVIDER_URL ?? 'http://127.0.0.1:8090'

test('a way to pay is installed by its form, tried, offered to customers and switched off', async ({
  page,
  context,
  request,
}) => {
  const found = watch(page)
  const shop = await signUp(page, 'plugin')
  await stock(page, 'Jasmine tea', 'TEA-1', 7)
  const made = await request.put(`${provider}/admin/merchants/${shop.slug}`, {
    headers: { Authorization: `Bearer ${process.env.PROVIDER_TOKEN}` },
    data: { name: shop.slug },
  })
  const merchant = (await made.json()) as { secret_key: string; webhook_secret: string }

  await page.goto(`/admin/t/${shop.slug}/plugins`)
  await page.getByRole('article').filter({ hasText: 'Sandbox Pay' }).getByRole('link', { name: 'Install' }).click()
  const form = page.getByRole('region', { name: 'Configuration' })
  await test.step('the form says what is missing and what the provider refuses', async () => {
    await form.getByRole('button', { name: 'Install and switch on' }).click()
    await expect(form.getByText('Fill this in.').first()).toBeVisible()
    await form.getByRole('textbox', { name: 'Provider address' }).fill(provider)
    await form.getByLabel('Secret key').fill('sk_wrong_wrong')
    await form.getByLabel('Webhook secret').fill(merchant.webhook_secret)
    await form.getByRole('radio', { name: 'Test' }).check()
    await form.getByRole('button', { name: 'Install and switch on' }).click()
    await expect(form.getByLabel('Secret key')).toHaveAttribute('data-invalid', 'true')
  })
  await form.getByLabel('Secret key').fill(merchant.secret_key)
  await form.getByRole('button', { name: 'Install and switch on' }).click()
  await expect(page.getByText('Installed. Customers can use it now.')).toBeVisible()
  await expect(form.getByText(`ends in ${merchant.secret_key.slice(-4)}`)).toBeVisible()
  await expect(page.getByText(merchant.secret_key)).toHaveCount(0)
  await page.getByRole('button', { name: 'Test the connection' }).click()
  await expect(page.getByText('The connection works.')).toBeVisible()

  const customer = await elsewhere(context) // the browser knows where shops of localhost are
  const offered = async () =>
    (await customer.goto(`${front(page, shop)}/api/v1/storefront/config`))?.text() ?? Promise.resolve('')
  expect(await offered()).toContain('/card')
  await form.getByRole('checkbox', { name: 'Wallet' }).uncheck()
  await form.getByRole('button', { name: 'Save configuration' }).click()
  await expect(page.getByText('Saved.')).toBeVisible()
  await expect.poll(offered).not.toContain('/wallet')

  await page.getByRole('button', { name: 'Switch off' }).click()
  await expect(page.getByText('Off', { exact: true })).toBeVisible()
  await expect.poll(offered).not.toContain('/card')
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove Sandbox Pay?' })
  await dialog.getByRole('textbox').fill('sandboxpay')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByText(/^Nothing installed yet/)).toBeVisible()
  await customer.context().close()
  expect(found).toEqual([])
})
