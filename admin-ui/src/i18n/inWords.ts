import { language } from '.'

/** A text that exists in several languages, by language code. */
export type Localized = Record<string, string>

/** A text in the reader's language, else in any that it has. */
export function inWords(text: Localized | string | null | undefined) {
  if (!text) return ''
  if (typeof text === 'string') return text
  return text[language()] || text.en || text.zh || Object.values(text).find(Boolean) || ''
}
