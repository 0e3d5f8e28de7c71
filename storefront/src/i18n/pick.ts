import type { Text } from '../api/shapes'

/** pick takes the words of a text in the customer's language, else the shop's, else whichever there is. */
export function pick(text: Text | null | undefined, locale: string, shop = 'en'): string {
  if (!text) return ''
  return text[locale] || text[shop] || text.en || Object.values(text).find(Boolean) || ''
}
