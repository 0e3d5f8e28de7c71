import { expect, type Page, test } from '@playwright/test'
import { linkIn } from './mail'
import { call, elsewhere, order, type Shop, signUp, stock, watch } from './shop'

/** What is free to sell of the only variant. */
async function available(page: Page, sku: string) {
  const levels = await call<{ items: { sku: string; available: number }[] }>(page, 'GET', '/api/v1/inventory/levels')
  return levels.items.find(one => one.sku === sku)?.available
}

async function open(page: Page, shop: Shop, id: string) {
  await page.goto(`/admin/t/${shop.slug}/orders/${id}`)
  await expect(page.getByRole('heading', { name: /^Order #/ })).toBeVisible()
}

async function pay(page: Page, id: string, amount: number) {
  await call(page, 'POST', `/api/v1/orders/${id}/payments/manual`, { amount, reference: 'till' })
}

async function more(page: Page, what: string) {
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: what }).click()
}

test('money goes back by amount and by items, and an order is cancelled with all of it', async ({ page }) => {
  const found = watch(page)
  const shop = await signUp(page, 'refund')
  await stock(page, 'Jasmine tea', 'TEA-1', 10)
  const first = await order(page, 'TEA-1', 4)
  await pay(page, first.id, 5000)
  await open(page, shop, first.id)

  await test.step('an amount', async () => {
    await more(page, 'Refund')
    const dialog = page.getByRole('dialog', { name: /^Refund order/ })
    await dialog.getByRole('textbox', { name: 'Amount' }).fill('60')
    await dialog.getByRole('button', { name: /^Refund £/ }).click()
    await expect(dialog.getByText('At most £50.00.')).toBeVisible()
    await dialog.getByRole('textbox', { name: 'Amount' }).fill('10')
    await dialog.getByRole('button', { name: 'Refund £10.00' }).click()
    await expect(dialog).toHaveCount(0)
    await expect(page.getByText('Partly refunded').first()).toBeVisible()
    expect(await available(page, 'TEA-1')).toBe(6)
  })

  await test.step('two of the items, which are on the shelf again', async () => {
    await more(page, 'Refund')
    const dialog = page.getByRole('dialog', { name: /^Refund order/ })
    await dialog.getByText('Items', { exact: true }).click()
    await dialog.getByRole('button', { name: 'Refund £0.00' }).click()
    await expect(dialog.getByRole('alert')).toHaveText('Choose at least one item.')
    await dialog.getByRole('textbox', { name: 'Quantity: Jasmine tea' }).fill('2')
    await expect(dialog.getByRole('checkbox', { name: 'Put these items back on the shelf' })).toBeChecked()
    await dialog.getByRole('button', { name: 'Refund £25.00' }).click()
    await expect(dialog).toHaveCount(0)
    await expect(page.getByText('£35.00').first()).toBeVisible()
    await expect.poll(() => available(page, 'TEA-1')).toBe(8)
  })

  await test.step('cancelled: the rest of the money and of the goods', async () => {
    await more(page, 'Cancel the order')
    const dialog = page.getByRole('dialog', { name: /^Cancel order/ })
    await expect(dialog.getByRole('checkbox', { name: 'Put the items back on the shelf' })).toBeChecked()
    await expect(dialog.getByRole('checkbox', { name: 'Refund £15.00' })).toBeChecked()
    await dialog.getByRole('button', { name: 'Cancel the order' }).click()
    await expect(page.getByText('Cancelled', { exact: true }).first()).toBeVisible()
    await expect(page.getByText('Refunded', { exact: true }).first()).toBeVisible()
    await expect.poll(() => available(page, 'TEA-1')).toBe(10)
  })
  expect(found).toEqual([])
})

test('an order is held and released, noted and tagged', async ({ page }) => {
  const found = watch(page)
  const shop = await signUp(page, 'hold')
  await stock(page, 'Jasmine tea', 'TEA-1', 10)
  const { id } = await order(page, 'TEA-1', 1)
  await open(page, shop, id)
  await more(page, 'Put on hold')
  const dialog = page.getByRole('dialog', { name: /on hold$/ })
  await dialog.getByRole('button', { name: 'Put on hold' }).click()
  await expect(dialog.getByText('Fill this in.')).toBeVisible()
  await dialog.getByRole('textbox', { name: 'Why' }).fill('Address is unclear')
  await dialog.getByRole('button', { name: 'Put on hold' }).click()
  const held = page.getByText('On hold: Address is unclear', { exact: true })
  await expect(held).toBeVisible()
  await expect(page.getByRole('button', { name: 'Fulfil', exact: true })).toHaveCount(0)

  const notes = page.getByRole('region', { name: 'Notes' })
  await notes.getByRole('textbox', { name: 'Note' }).fill('Called her, no answer.')
  await notes.getByRole('button', { name: 'Add a note' }).click()
  await expect(notes.getByText('Called her, no answer.', { exact: true }).first()).toBeVisible()
  await expect(notes.getByRole('textbox', { name: 'Note' })).toHaveValue('')

  const tags = page.getByRole('region', { name: 'Tags' })
  for (const tag of ['gift', 'call back']) {
    await tags.getByRole('textbox', { name: 'Tag' }).fill(tag)
    await tags.getByRole('button', { name: 'Add' }).click()
    await expect(tags.getByRole('button', { name: `Remove: ${tag}` })).toBeVisible()
  }
  await tags.getByRole('button', { name: 'Remove: gift' }).click()
  await expect(tags.getByText('gift')).toHaveCount(0)

  await page.getByRole('button', { name: 'Release the hold' }).click()
  await expect(held).toHaveCount(0)
  await page.goto(`/admin/t/${shop.slug}/orders`)
  await page.getByRole('textbox', { name: 'Tag' }).fill('call back')
  await expect(page).toHaveURL(/tag=call/)
  await expect(page.getByRole('cell', { name: 'Ana Silva' })).toBeVisible()
  await page.getByRole('textbox', { name: 'Tag' }).fill('gift')
  await expect(page.getByText('Nothing matches these filters.')).toBeVisible()
  expect(found).toEqual([])
})

test('one action for several orders, and for all that match; views for oneself and the team', async ({
  page,
  context,
}) => {
  test.setTimeout(120_000)
  const found = watch(page)
  const shop = await signUp(page, 'bulk')
  await stock(page, 'Jasmine tea', 'TEA-1', 100)
  const orders: Awaited<ReturnType<typeof order>>[] = []
  for (let n = 0; n < 28; n++) orders.push(await order(page, 'TEA-1', 1))
  const [first] = orders
  await call(page, 'POST', `/api/v1/orders/${first?.id}/cancel`, {}) // the oldest, which no bulk action may hold
  await page.goto(`/admin/t/${shop.slug}/orders`)
  const bar = page.getByRole('region', { name: 'Actions' })

  await test.step('two that were ticked', async () => {
    for (const one of orders.slice(-2))
      await page.getByRole('checkbox', { name: `Select row #${one.number}`, exact: true }).check()
    await expect(bar.getByText('2 selected')).toBeVisible()
    await bar.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Add a tag' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a tag' })
    await dialog.getByRole('textbox', { name: 'Tag' }).fill('fair')
    await dialog.getByRole('button', { name: 'Add a tag' }).click()
    await expect(page.getByText('2 orders changed.')).toBeVisible()
    await page.getByRole('button', { name: 'Close' }).last().click()
    await expect(bar).toHaveCount(0)
  })

  await test.step('all that match, more than the page shows', async () => {
    await page.getByRole('checkbox', { name: 'Select all rows' }).check()
    await expect(bar.getByText('25 selected')).toBeVisible()
    await bar.getByRole('button', { name: 'Select all that match' }).click()
    await expect(bar.getByText('All 28 that match are selected')).toBeVisible()
    await bar.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Put on hold' }).click()
    const dialog = page.getByRole('dialog', { name: 'Put on hold' })
    await expect(dialog.getByText('28 orders, all that match the filters')).toBeVisible()
    await dialog.getByRole('textbox', { name: 'Why' }).fill('Stocktaking')
    await dialog.getByRole('button', { name: 'Put on hold' }).click()
    const report = page.getByRole('dialog', { name: 'Orders' })
    await expect(report.getByText('27 orders changed.')).toBeVisible()
    await expect(report.getByText('1 order was not changed:')).toBeVisible()
    await expect(report.getByRole('listitem')).toContainText(`#${first?.number}: `)
    await report.getByRole('button', { name: 'Close' }).last().click()
    const held = await call<{ matching: number }>(page, 'GET', '/api/v1/orders/counts?on_hold=true')
    expect(held.matching).toBe(27)
  })

  await test.step('filters are kept as a view, for oneself and for the team', async () => {
    await page.getByRole('combobox', { name: 'Hold' }).selectOption('On hold')
    for (const [name, shared] of [
      ['Stocktaking', true],
      ['Mine', false],
    ] as const) {
      if (name === 'Mine') await page.getByRole('textbox', { name: 'Tag' }).fill('fair')
      await page.getByRole('button', { name: 'Save as view' }).click()
      const box = page.getByRole('dialog', { name: 'Save as view' })
      await box.getByRole('textbox', { name: 'Name of the view' }).fill(name)
      if (shared) await box.getByRole('checkbox', { name: 'For the whole team' }).check()
      await box.getByRole('button', { name: 'Save' }).click()
      await expect(page.getByRole('button', { name: shared ? `${name} (team)` : name, pressed: true })).toBeVisible()
    }
    await call(page, 'POST', '/api/v1/members/invitations', {
      email: `lin@${shop.slug}.example`,
      roles: ['clerk'],
      language: 'en',
    })
    const guest = await elsewhere(context)
    await guest.goto(await linkIn(`lin@${shop.slug}.example`, 'invite'))
    await guest.getByRole('textbox', { name: 'Your name' }).fill('Lin Wei')
    await guest.getByRole('textbox', { name: 'Password' }).fill('lotus crane anvil 55')
    await guest.getByRole('button', { name: 'Join' }).click()
    await guest.getByRole('button', { name: 'Stocktaking (team)' }).click()
    await expect(guest).toHaveURL(/on_hold=true/)
    await expect(guest.getByRole('cell', { name: 'Ana Silva' }).first()).toBeVisible()
    await expect(guest.getByRole('button', { name: 'Mine' })).toHaveCount(0)
    await expect(guest.getByRole('button', { name: /^Delete the view/ })).toHaveCount(0)
    await guest.context().close()
    await page.getByRole('button', { name: 'Delete the view “Stocktaking”' }).click()
    await expect(page.getByRole('button', { name: 'Stocktaking (team)' })).toHaveCount(0)
  })
  expect(found).toEqual([])
})
