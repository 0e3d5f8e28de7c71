import { type Components, type ComponentsJSON, createI18n, localeFrom } from '@nanostores/i18n'
import { persistentAtom } from '@nanostores/persistent'
import { atom } from 'nanostores'

export const locales = ['en', 'zh'] as const
export type Locale = (typeof locales)[number]

/** ownName is how a language calls itself. */
export const ownName: Record<Locale, string> = { en: 'English', zh: '中文' }

/** pickLocale takes the first wish that the shop speaks: "zh-CN" finds "zh". Falls back to the first offered. */
export function pickLocale(wishes: readonly string[], offered: readonly Locale[]): Locale {
  for (const wish of wishes) {
    const found = offered.find(code => wish.toLowerCase().split('-')[0] === code)
    if (found) return found
  }
  return offered[0] ?? 'en'
}

/** chosen is what the customer picked by hand; it stays on this device. */
export const chosen = persistentAtom<Locale | undefined>('allhours.locale', undefined)
/** usual is what the browser and the shop agree on. */
export const usual = atom<Locale>(pickLocale(navigator.languages ?? [navigator.language], locales))
export const locale = localeFrom(chosen, usual)

const load: Record<Locale, () => Promise<ComponentsJSON>> = {
  en: async () => ({}),
  zh: async () => (await import('./zh')).zh
}

export const i18n = createI18n<Locale, 'en'>(locale, { get: code => load[code]() })

/** preload fetches a language before the first paint, so that nobody sees English flash by. */
export async function preload(code: Locale): Promise<void> {
  if (code !== 'en') i18n.cache[code] ??= (await load[code]()) as Components as never
}
