import { crc32, deflateSync } from 'node:zlib'
import { expect, type Page, test } from '@playwright/test'
import { front, signUp, stock, watch } from './shop'

/** A square of one colour. */
function png(side: number, red: number, green: number, blue: number) {
  const chunk = (name: string, data: Buffer) => {
    const head = Buffer.alloc(4)
    const tail = Buffer.alloc(4)
    const body = Buffer.concat([Buffer.from(name), data])
    head.writeUInt32BE(data.length)
    tail.writeUInt32BE(crc32(body))
    return Buffer.concat([head, body, tail])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 2, 0, 0, 0], 8) // eight bits of red, green and blue
  const row = Buffer.concat([Buffer.from([0]), Buffer.from(Array(side).fill([red, green, blue]).flat())])
  const pixels = deflateSync(Buffer.concat(Array(side).fill(row)))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

const isLoaded = (img: SVGElement | HTMLElement) => (img as HTMLImageElement).naturalWidth > 0

test('pictures of a product: taken, refused, described, ordered, removed, and seen in the shop', async ({ page }) => {
  const found = watch(page)
  const shop = await signUp(page, 'pictures')
  const { id } = await stock(page, 'Jasmine tea', 'TEA-1', 7)
  await page.goto(`/admin/t/${shop.slug}/products/${id}`)
  const part = page.getByRole('region', { name: 'Pictures' })
  const title = page.getByRole('textbox', { name: 'Title (English)', exact: true })
  await title.fill('Green tea') // not saved yet: pictures leave it alone
  await part.locator('input[type=file]').setInputFiles([
    { name: 'green.png', mimeType: 'image/png', buffer: png(64, 20, 140, 90) },
    { name: 'letter.png', mimeType: 'image/png', buffer: Buffer.from('Dear customer, this is no picture.') },
    { name: 'red.png', mimeType: 'image/png', buffer: png(64, 180, 40, 40) },
  ])
  await expect(part.getByRole('alert')).toContainText('letter.png')
  await expect(part.getByRole('alert')).toContainText('The picture cannot be used. Send a JPEG, PNG, WebP or GIF.')
  await expect(part.locator('img')).toHaveCount(2)
  await expect.poll(() => part.getByRole('img', { name: 'Picture 2' }).evaluate(isLoaded)).toBe(true)

  await part.getByRole('button', { name: 'Describe the picture' }).nth(1).click()
  const dialog = page.getByRole('dialog', { name: 'Describe the picture' })
  await dialog.getByRole('textbox', { name: /English/ }).fill('A red tin')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(part.getByRole('img', { name: 'A red tin' })).toBeVisible()
  await part.getByRole('button', { name: 'Move earlier' }).nth(1).click()
  await expect(part.locator('img').first()).toHaveAccessibleName('A red tin')
  await part.getByRole('button', { name: 'Remove the picture' }).nth(1).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(part.locator('img')).toHaveCount(1)

  await expect(title).toHaveValue('Green tea')
  await page.getByRole('button', { name: 'Save product' }).click()
  await expect(page.getByRole('heading', { name: 'Green tea' })).toBeVisible()

  await page.goto(front(page, shop))
  const tin = page.getByRole('main').locator('img').first()
  await expect(tin).toBeVisible()
  await expect.poll(() => tin.evaluate(isLoaded)).toBe(true)
  expect(found).toEqual([])
})

const csv = (lines: string[]) => ({
  name: 'products.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(`sku,title,price,stock,status\n${lines.join('\n')}\n`),
})

async function bring(page: Page, lines: string[], checked: string, go: string, done: string) {
  await page.locator('input[type=file]').setInputFiles(csv(lines))
  await page.getByRole('button', { name: 'Check the file' }).click()
  await expect(page.getByText(checked)).toBeVisible()
  await page.getByRole('button', { name: go }).click()
  await expect(page.getByText(done)).toBeVisible()
}

test('products come from a file, and bad lines are named', async ({ page }) => {
  const found = watch(page)
  const shop = await signUp(page, 'import')
  await page.goto(`/admin/t/${shop.slug}/products/import`)
  const good = ['CUP-1,Cup,4.50,10,active', 'BOWL-1,Bowl,8.00,5,active']
  const twoGood = [
    'Checked. Good lines: 2, refused: 0.',
    'Import 2 lines',
    'Done. Imported lines: 2, refused: 0.',
  ] as const

  await bring(page, good, ...twoGood)
  await test.step('a second time it changes nothing', async () => {
    await page.getByRole('button', { name: 'Choose another file' }).click()
    await bring(page, good, ...twoGood)
  })
  await test.step('bad lines are refused, the others go in', async () => {
    await page.getByRole('button', { name: 'Choose another file' }).click()
    await bring(
      page,
      ['POT-1,Pot,cheap,1,active', ',No number,1.00,1,active', 'JAR-1,Jar,3.00,2,active'],
      'Checked. Good lines: 1, refused: 2.',
      'Import 1 line',
      'Done. Imported lines: 1, refused: 2.',
    )
    const report = page.getByRole('region', { name: 'Refused lines (2)' })
    await expect(report.getByRole('row', { name: /^2 price/ })).toContainText('cheap')
    await expect(report.getByRole('row', { name: /^3 sku/ })).toBeVisible()
    const download = page.waitForEvent('download')
    await report.getByRole('button', { name: 'Download as CSV' }).click()
    expect((await download).suggestedFilename()).toBe('refused.csv')
  })
  await test.step('a file with an unknown column is not taken', async () => {
    await page.getByRole('button', { name: 'Choose another file' }).click()
    await page.locator('input[type=file]').setInputFiles({ ...csv([]), buffer: Buffer.from('sku,colour\nA-1,red\n') })
    await page.getByRole('button', { name: 'Check the file' }).click()
    await expect(page.getByRole('alert')).toContainText('colour')
  })
  await page.goto(`/admin/t/${shop.slug}/products`)
  for (const name of ['Cup', 'Bowl', 'Jar']) await expect(page.getByRole('link', { name, exact: true })).toHaveCount(1)
  await expect(page.getByRole('link', { name: 'Pot', exact: true })).toHaveCount(0)
  expect(found).toEqual([])
})
