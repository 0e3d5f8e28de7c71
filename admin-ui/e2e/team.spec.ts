import { expect, test } from '@playwright/test'
import { linkIn } from './mail'
import { elsewhere, order, signIn, signUp, stock, watch } from './shop'

test('a colleague is invited by mail and sees what his role lets him see', async ({ page, context }) => {
  const found = watch(page)
  const shop = await signUp(page, 'team')
  await stock(page, 'Jasmine tea', 'TEA-1', 7)
  const placed = await order(page, 'TEA-1', 1)
  const email = `lin@${shop.slug}.example`
  await page.goto(`/admin/t/${shop.slug}/team`)
  await page.getByRole('button', { name: 'Invite', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Invite someone' })
  await dialog.getByRole('textbox', { name: 'E-mail' }).fill(email)
  await dialog.getByRole('combobox', { name: 'Roles' }).press('ArrowDown')
  await page.getByRole('option', { name: 'Clerk' }).click() // offered already: this takes it away
  await page.getByRole('option', { name: 'Warehouse' }).click()
  await page.keyboard.press('Escape')
  await dialog.getByRole('button', { name: 'Invite' }).click()
  const open = page.getByRole('region', { name: 'Open invitations' })
  await expect(open.getByRole('row', { name: new RegExp(email) })).toContainText('Warehouse')

  const guest = await elsewhere(context)
  const link = await linkIn(email, 'invite')
  await test.step('the link asks for a name and a password', async () => {
    await guest.goto(link)
    await expect(guest.getByRole('heading', { name: `Join Shop ${shop.slug}` })).toBeVisible()
    await expect(guest.getByText(`${email} is invited as Warehouse.`)).toBeVisible()
    await guest.getByRole('textbox', { name: 'Your name' }).fill('Lin Wei')
    await guest.getByRole('textbox', { name: 'Password' }).fill('short')
    await guest.getByRole('button', { name: 'Join' }).click()
    await expect(guest.getByText('Use at least 10 characters.')).toBeVisible()
    await guest.getByRole('textbox', { name: 'Password' }).fill('lotus crane anvil 55')
    await guest.getByRole('button', { name: 'Join' }).click()
    await expect(guest.getByRole('heading', { name: 'Orders' })).toBeVisible() // figures are not for him
  })

  await test.step('what the role forbids is not offered', async () => {
    const menu = guest.getByRole('navigation', { name: 'Menu' })
    await expect(menu.getByRole('link', { name: 'Inventory' })).toBeVisible()
    for (const name of ['Team', 'API keys', 'Audit log', 'Settings', 'Payments and plugins'])
      await expect(menu.getByRole('link', { name })).toHaveCount(0)
    await guest.goto(`/admin/t/${shop.slug}/orders/${placed.id}`)
    await expect(guest.getByRole('heading', { name: /^Order #/ })).toBeVisible()
    await expect(guest.getByRole('button', { name: 'Fulfil', exact: true })).toBeVisible()
    await guest.getByRole('button', { name: 'More' }).click()
    await expect(guest.getByRole('menuitem', { name: 'Put on hold' })).toBeVisible()
    for (const name of ['Refund', 'Cancel the order', 'Record a payment'])
      await expect(guest.getByRole('menuitem', { name })).toHaveCount(0)
    await guest.goto(`/admin/t/${shop.slug}/settings`)
    await expect(guest.getByText('You may not see this')).toBeVisible()
  })

  await test.step('the owner sees him, and the link is spent', async () => {
    await page.reload()
    const row = page.getByRole('row', { name: new RegExp(email) })
    await expect(row).toContainText('Lin Wei')
    await expect(open).toHaveCount(0)
    const late = await elsewhere(context)
    await late.goto(link)
    await expect(late.getByRole('alert')).toBeVisible()
    await late.context().close()
  })

  await test.step('another role, and out', async () => {
    const row = page.getByRole('row', { name: new RegExp(email) })
    await row.getByRole('button', { name: 'Actions: Lin Wei' }).click()
    await page.getByRole('menuitem', { name: 'Change' }).click()
    const roles = page.getByRole('dialog', { name: 'Roles of Lin Wei' })
    await roles.getByRole('combobox', { name: 'Roles' }).press('ArrowDown')
    await page.getByRole('option', { name: 'Manager' }).click()
    await page.keyboard.press('Escape')
    await roles.getByRole('button', { name: 'Save' }).click()
    await expect(row).toContainText('Manager')
    await guest.goto(`/admin/t/${shop.slug}/settings`)
    await expect(guest.getByRole('heading', { name: 'Settings' })).toBeVisible()

    await row.getByRole('button', { name: 'Actions: Lin Wei' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await page.getByRole('dialog', { name: 'Remove Lin Wei?' }).getByRole('button', { name: 'Remove' }).click()
    await expect(row).toHaveCount(0)
    await guest.getByRole('group', { name: 'Sell' }).getByRole('link', { name: 'Orders' }).click()
    await expect(guest.getByRole('heading', { name: 'Sign in' })).toBeVisible()
    await signIn(guest, { ...shop, email, password: 'lotus crane anvil 55' })
    await expect(guest.getByRole('alert')).toBeVisible()
  })
  await guest.context().close()
  expect(found).toEqual([])
})
