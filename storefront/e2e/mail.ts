import { expect } from '@playwright/test'

type Letter = { id: number; subject: string; text: string; html: string }

const catcher = process.env.MAIL_URL ?? 'http://127.0.0.1:8025'

/** letter waits for the newest letter to somebody that matches, in the dev server's mail catcher. */
export async function letter(to: string, matching: RegExp): Promise<Letter> {
  const newest = async () => {
    const answer = await fetch(`${catcher}/api/messages?to=${encodeURIComponent(to)}`)
    const letters = (await answer.json()) as Letter[]
    return letters
      .filter(l => matching.test(`${l.subject}\n${l.text}`))
      .sort((a, b) => a.id - b.id)
      .at(-1)
  }
  let found: Letter | undefined
  await expect
    .poll(
      async () => {
        found = await newest()
        return !!found
      },
      { message: `a letter to ${to} with ${matching}`, timeout: 30_000 }
    )
    .toBe(true)
  return found as Letter
}

/** linkIn is the letter's link to a page of the shop, such as "/account/reset". */
export function linkIn(l: Letter, page: string): string {
  const link = l.text.match(/https?:\/\/\S+/g)?.find(url => new URL(url).pathname.startsWith(page))
  expect(link, `a link to ${page} in ${l.text}`).toBeTruthy()
  return link ?? ''
}
