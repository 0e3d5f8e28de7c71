import { expect, test } from '@playwright/test'
import { order, signUp, stock, watch } from './shop'

test('stock runs low and the incident appears', async ({ page, context }) => {
  const found = watch(page)
  const { slug } = await signUp(page, 'low')
  await stock(page, 'Jasmine tea', 'TEA-1', 7)
  await page.goto(`/admin/t/${slug}/incidents`)
  await expect(page.getByText('All quiet')).toBeVisible()

  const counter = await context.newPage()
  await counter.goto(`/admin/t/${slug}/account`)
  await order(counter, 'TEA-1', 4) // 3 left; the starter rule warns below 5

  const incident = page.getByRole('row', { name: /Jasmine tea|TEA-1/ })
  await expect(incident).toBeVisible()
  await expect(page.getByRole('button', { name: '1 unread notification' })).toBeVisible()

  await incident.getByRole('link').first().click()
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await expect(page.getByText('Acknowledged').first()).toBeVisible()
  await page.getByRole('button', { name: 'Resolve' }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Note', exact: true }).fill('More is on its way.')
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click()
  await expect(page.getByText('Resolved: Fixed')).toBeVisible()
  await expect(page.getByText('More is on its way.')).toBeVisible()
  expect(found).toEqual([])
})
