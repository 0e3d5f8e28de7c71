import { createHmac } from 'node:crypto'
import { expect, test } from '@playwright/test'
import { linkIn } from './mail'
import { elsewhere, signIn, signUp, watch } from './shop'

/** The code that an authenticator app shows for a key (RFC 6238); `later` is for the next one: each works once. */
function codeOf(secret: string, later = 0) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret.replace(/=+$/, '')].map(c => letters.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later))
  const mac = createHmac('sha1', key).update(step).digest()
  const at = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

test('two-step sign-in: set up, used, lost and switched off', async ({ page, context }) => {
  const found = watch(page)
  const shop = await signUp(page, 'totp')
  await page.goto(`/admin/t/${shop.slug}/account`)
  const part = page.getByRole('region', { name: 'Two-step sign-in' })
  await part.getByRole('button', { name: 'Set up' }).click()
  const dialog = page.getByRole('dialog', { name: 'Two-step sign-in' })
  await expect(dialog.getByRole('img', { name: 'QR code for the authenticator app' })).toBeVisible()
  const secret = (await dialog.getByText(/^[A-Z2-7]{16,}$/).textContent()) ?? ''

  await dialog.getByRole('textbox', { name: 'Code that the app shows' }).fill('000000')
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  await expect(dialog.getByText(/code/i).last()).toBeVisible()
  await dialog.getByRole('textbox', { name: 'Code that the app shows' }).fill(codeOf(secret))
  await dialog.getByRole('button', { name: 'Switch on' }).click()

  const kept = page.getByRole('dialog', { name: 'Keep these recovery codes' })
  await expect(kept.locator('code').first()).toBeVisible()
  const codes = await kept.locator('code').allInnerTexts()
  expect(new Set(codes).size).toBeGreaterThan(7)
  await kept.getByRole('button', { name: 'I have kept them' }).click()
  await expect(part.getByText('On', { exact: true })).toBeVisible()

  const phone = await elsewhere(context)
  await test.step('a code lets in, and only with the password', async () => {
    await signIn(phone, shop)
    await expect(phone.getByRole('heading', { name: 'One more step' })).toBeVisible()
    const code = phone.getByRole('textbox', { name: 'Code from your authenticator app' })
    await expect(code).toBeFocused()
    await phone.keyboard.type('000 000')
    await phone.keyboard.press('Enter')
    await expect(phone.getByRole('alert')).toBeVisible()
    await code.fill(codeOf(secret, 1))
    await phone.keyboard.press('Enter')
    await expect(phone.getByRole('heading', { name: 'Dashboard' })).toBeVisible()
  })

  const recovery = codes[0] ?? ''
  await test.step('so does a recovery code, once', async () => {
    const lost = await elsewhere(context)
    for (const [heading, times] of [
      ['Dashboard', 1],
      ['One more step', 2],
    ] as const) {
      if (times === 2) await lost.context().clearCookies()
      await signIn(lost, shop)
      await lost.getByRole('button', { name: 'Use a recovery code instead' }).click()
      await lost.getByRole('textbox', { name: 'Recovery code' }).fill(recovery)
      await lost.getByRole('button', { name: 'Sign in' }).click()
      await expect(lost.getByRole('heading', { name: heading })).toBeVisible()
      if (times === 2) await expect(lost.getByRole('alert')).toBeVisible()
    }
    await lost.context().close()
  })

  await test.step('switched off with the password and a recovery code', async () => {
    await part.getByRole('button', { name: 'Switch off' }).click()
    const off = page.getByRole('dialog', { name: 'Switch off' })
    await off.getByRole('textbox', { name: 'Password' }).fill(shop.password)
    await off.getByRole('textbox', { name: 'Code that the app shows' }).fill(codes[1] ?? '')
    await off.getByRole('button', { name: 'Switch off' }).click()
    await expect(part.getByText('Off', { exact: true })).toBeVisible()
    await phone.context().clearCookies()
    await signIn(phone, shop)
    await expect(phone.getByRole('heading', { name: 'Dashboard' })).toBeVisible()
  })
  await phone.context().close()
  expect(found).toEqual([])
})

test('another session is seen and ended', async ({ page, context }) => {
  const shop = await signUp(page, 'sessions')
  const other = await elsewhere(context)
  await signIn(other, shop)
  await expect(other.getByRole('heading', { name: 'Dashboard' })).toBeVisible()

  await page.goto(`/admin/t/${shop.slug}/account`)
  const part = page.getByRole('region', { name: 'Where you are signed in' })
  await expect(part.getByText('(this one)')).toHaveCount(1)
  await part.getByRole('button', { name: /^Sign out:/ }).click()
  await expect(part.getByRole('button', { name: /^Sign out:/ })).toHaveCount(0)

  await other.getByRole('group', { name: 'Sell' }).getByRole('link', { name: 'Orders' }).click()
  await expect(other.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await other.context().close()
})

test('the address is confirmed and a forgotten password is replaced by mail', async ({ page, context }) => {
  const shop = await signUp(page, 'mail')
  const asked = page.getByText(`Confirm your e-mail address with the link we sent to ${shop.email}.`)
  await expect(asked).toBeVisible()
  const reader = await elsewhere(context)
  await reader.goto(await linkIn(shop.email, 'confirm'))
  await expect(reader.getByText('Your e-mail address is confirmed.')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible()
  await expect(asked).toHaveCount(0)

  await reader.goto(`/admin/login?shop=${shop.slug}`)
  await reader.getByRole('link', { name: 'Forgot your password?' }).click()
  await reader.getByRole('textbox', { name: 'E-mail', exact: true }).fill(shop.email)
  await reader.getByRole('button', { name: 'Send the link' }).click()
  await expect(reader.getByText(/a link is on its way/)).toBeVisible()
  const link = await linkIn(shop.email, 'reset')
  await reader.goto(link)
  const words = 'another kettle sings 204'
  await reader.getByRole('textbox', { name: 'Password', exact: true }).fill(words)
  await reader.getByRole('button', { name: 'Save the password' }).click()
  await expect(reader.getByText('Your password is changed.')).toBeVisible()

  await test.step('the old password and the old session are worth nothing, and the link works once', async () => {
    await signIn(reader, shop)
    await expect(reader.getByRole('alert')).toBeVisible()
    await signIn(reader, { ...shop, password: words })
    await expect(reader.getByRole('heading', { name: 'Dashboard' })).toBeVisible()
    await page.goto(`/admin/t/${shop.slug}/orders`)
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
    await page.goto(link)
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill('a third one 999 lamps')
    await page.getByRole('button', { name: 'Save the password' }).click()
    await expect(page.getByRole('alert')).toBeVisible()
  })
  await reader.context().close()
})
