// Draws the demo's pictures: `node tenants/demo/media/draw/draw.mjs [chromium]` writes media/{gifts,dishes,rooms}/NAME.webp.
// The shapes are ours; Chromium only turns them into small pictures. Needs storefront/node_modules (npm ci in storefront).
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dishes } from './dishes.mjs'
import { gifts } from './gifts.mjs'
import { rooms } from './rooms.mjs'

const { chromium } = createRequire(new URL('../../../../storefront/package.json', import.meta.url))('@playwright/test')
const size = 800
const most = 25_000

const browser = await chromium.launch({ executablePath: process.argv[2] ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: size, height: size } })
const session = await page.context().newCDPSession(page)
for (const [folder, pictures] of Object.entries({ gifts, dishes, rooms })) {
  mkdirSync(new URL(`../${folder}/`, import.meta.url), { recursive: true })
  for (const [name, shapes] of Object.entries(pictures)) {
    await page.setContent(`<style>body{margin:0}</style><svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 800 800">${shapes}</svg>`)
    const bytes = await shoot(session)
    if (bytes.length > most) throw new Error(`${folder}/${name}: ${bytes.length} bytes, more than ${most}`)
    writeFileSync(new URL(`../${folder}/${name}.webp`, import.meta.url), bytes)
  }
}
await browser.close()

/** shoot takes the best quality that still fits. */
async function shoot(session) {
  let bytes = Buffer.alloc(0)
  for (const quality of [84, 76, 68, 60]) {
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality })
    bytes = Buffer.from(data, 'base64')
    if (bytes.length <= most) break
  }
  return bytes
}
