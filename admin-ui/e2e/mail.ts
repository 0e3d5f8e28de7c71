import { expect } from '@playwright/test'

type Letter = { id: number; subject: string; text: string; html: string }

const catcher = process.env.MAIL_URL ?? 'http://127.0.0.1:8025'

/** The letter to somebody whose text has a link to a page of the console; gives that link as a path. */
export async function linkIn(to: string, page: 'confirm' | 'reset' | 'invite'): Promise<string> {
  const links = async () => {
    const answer = await fetch(`${catcher}/api/messages?to=${encodeURIComponent(to)}`)
    const letters = (await answer.json()) as Letter[]
    return letters.flatMap(letter => letter.text.match(new RegExp(`/admin/${page}\\?\\S+`)) ?? []).at(-1) ?? ''
  }
  await expect.poll(links, { message: `a letter to ${to}`, timeout: 20_000 }).not.toBe('')
  return links()
}
