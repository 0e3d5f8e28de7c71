import { type BrowserContext, expect, type Page } from '@playwright/test'

const password = 'umbel quarry tessellate fjord 71'

export type Shop = { slug: string; email: string; password: string }

/** A business that nobody else uses, opened through the sign-up page. */
export async function signUp(page: Page, name: string): Promise<Shop> {
  const slug = `${name}-${Date.now().toString(36)}`
  const email = `owner@${slug}.example`
  await page.goto('/admin/signup')
  await page.getByRole('textbox', { name: 'Name of the business', exact: true }).fill(`Shop ${slug}`)
  await page.getByRole('textbox', { name: 'Address of the shop', exact: true }).fill(slug)
  await expect(page.getByText('This address is free.')).toBeVisible()
  await page.getByRole('radio', { name: 'Goods', exact: true }).click()
  await page.getByRole('textbox', { name: 'Your name', exact: true }).fill('Mei Chen')
  await page.getByRole('textbox', { name: 'E-mail', exact: true }).fill(email)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('button', { name: 'Open the shop' }).click()
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible()
  return { slug, email, password }
}

/** Goes through the sign-in page; what it shows then is for the caller to see. */
export async function signIn(page: Page, { slug, email, password }: Shop) {
  await page.goto(`/admin/login?shop=${slug}`)
  await page.getByRole('textbox', { name: 'E-mail', exact: true }).fill(email)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A page in a browser that knows nothing of this one: another person, or another device. */
export async function elsewhere(context: BrowserContext): Promise<Page> {
  const browser = context.browser()
  if (!browser) throw new Error('the context has no browser')
  return (await browser.newContext()).newPage()
}

/** Where customers find the shop. */
export function front(page: Page, { slug }: Shop): string {
  return `http://${slug}.localhost:${new URL(page.url()).port}`
}

/** Calls the API as the person who is signed in on the page. */
export async function call<T>(page: Page, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await page.evaluate(
    async ([method, path, body, key]) => {
      const response = await fetch(path, {
        method,
        headers: { 'X-Allhours': '1', 'Content-Type': 'application/json', 'Idempotency-Key': key },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
      return { status: response.status, body: response.status === 204 ? null : await response.json() }
    },
    [method, path, body, crypto.randomUUID()] as const,
  )
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body as T
}

type Made = { id: string; variants: { id: string; sku: string }[] }

/** A product on sale with so many in stock. */
export async function stock(page: Page, title: string, sku: string, onHand: number): Promise<Made> {
  const lists = await call<{ items: { id: string; default: boolean }[] }>(page, 'GET', '/api/v1/price-lists')
  const list = lists.items.find(one => one.default) ?? lists.items[0]
  return call<Made>(page, 'POST', '/api/v1/products', {
    title: { en: title },
    status: 'active',
    variants: [{ sku, on_hand: onHand, prices: [{ price_list_id: list?.id, min_quantity: 1, amount: 1250 }] }],
  })
}

/** An order over the counter. */
export async function order(page: Page, sku: string, quantity: number): Promise<{ id: string; number: number }> {
  const places = await call<{ items: { id: string }[] }>(page, 'GET', '/api/v1/locations')
  return call(page, 'POST', '/api/v1/orders', {
    fulfilment_type: 'pickup',
    location_id: places.items[0]?.id,
    customer: { name: 'Ana Silva', email: 'ana@example.com' },
    lines: [{ sku, quantity }],
    payment: { method: 'on_delivery' },
  })
}

/** Requests to other hosts and broken promises of the security policy, gathered while a page is used. */
export function watch(page: Page) {
  const found: string[] = []
  const home = () => new URL(page.url() === 'about:blank' ? 'http://localhost' : page.url()).hostname
  page.on('request', request => {
    const { hostname, protocol } = new URL(request.url())
    if (/^https?:$/.test(protocol) && hostname !== home() && !hostname.endsWith('localhost'))
      found.push(`request to ${hostname}`)
  })
  page.on('console', message => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text())) found.push(message.text())
  })
  page.on('pageerror', error => found.push(`error: ${error.message}`))
  return found
}
