import { expect, test } from '@playwright/test'
import { signUp, watch } from './shop'

test('a new business signs up and sells', async ({ page, context }) => {
  const found = watch(page)
  const { slug } = await signUp(page, 'sells')

  await test.step('a product with a price and stock', async () => {
    await page.goto(`/admin/t/${slug}/products/new`)
    await page.getByRole('textbox', { name: 'Title (English)', exact: true }).fill('Stoneware mug')
    await page.getByRole('textbox', { name: 'SKU', exact: true }).fill('MUG-1')
    await page.getByRole('textbox', { name: 'Price', exact: true }).fill('12.50')
    await page.getByRole('textbox', { name: 'Stock now', exact: true }).fill('20')
    await page.getByRole('combobox', { name: 'Status' }).click()
    await page.getByRole('option', { name: 'On sale' }).click()
    await page.getByRole('button', { name: 'Create product' }).click()
    await expect(page.getByRole('heading', { name: 'Stoneware mug' })).toBeVisible()
    await expect(page.getByText('On sale').first()).toBeVisible()
  })

  // A colleague looks at the list meanwhile.
  const other = await context.newPage()
  await other.goto(`/admin/t/${slug}/orders`)
  await expect(other.getByText('No orders yet')).toBeVisible()

  await test.step('an order at the counter', async () => {
    await page.goto(`/admin/t/${slug}/orders/new`)
    await page.getByRole('combobox', { name: 'Add a product' }).fill('mug')
    await page.getByRole('option', { name: /MUG-1/ }).click()
    await page.getByRole('textbox', { name: 'Quantity: Stoneware mug', exact: true }).fill('2')
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Ana Silva')
    await page.getByRole('button', { name: 'Place the order, £25.00' }).click()
    await expect(page.getByRole('heading', { name: /^Order #/ })).toBeVisible()
  })

  await test.step('the colleague sees it without a reload', async () => {
    await other.getByRole('button', { name: '1 new order – show' }).click()
    await expect(other.getByRole('cell', { name: 'Ana Silva' })).toBeVisible()
  })

  await test.step('it is paid, handed over and completed', async () => {
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Record a payment' }).click()
    await page.getByRole('button', { name: 'Record £25.00' }).click()
    await expect(page.getByText('Paid', { exact: true }).first()).toBeVisible()

    await page.getByRole('button', { name: 'Fulfil', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Fulfil' }).click()
    await page.getByRole('button', { name: 'Mark as Collected' }).click()
    await expect(page.getByText('Completed').first()).toBeVisible()
  })

  await test.step('the stock went down', async () => {
    await page.goto(`/admin/t/${slug}/inventory`)
    await expect(page.getByRole('row', { name: /MUG-1/ }).getByRole('cell', { name: '18' }).first()).toBeVisible()
  })

  await test.step('and the audit log knows', async () => {
    await page.goto(`/admin/t/${slug}/audit`)
    await page.getByRole('button', { name: 'Check the log' }).click()
    await expect(page.getByText(/The log is whole/)).toBeVisible()
  })
  expect(found).toEqual([])
})
