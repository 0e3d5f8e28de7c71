import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'

export const languages = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof languages

const stored = 'allhours-language'

/** The language chosen before, else the first of the browser's that we speak. zh-CN and zh-TW both count as zh. */
export function pickLanguage(wanted: readonly string[], chosen: string | null): Language {
  for (const tag of chosen ? [chosen, ...wanted] : wanted) {
    const language = tag.toLowerCase().split('-')[0]
    if (language === 'en' || language === 'zh') return language
  }
  return 'en'
}

export const i18n = i18next.createInstance()
void i18n.use(initReactI18next).init({
  lng: pickLanguage(navigator.languages ?? [navigator.language], read()),
  fallbackLng: 'en',
  resources: {},
  keySeparator: false,
  nsSeparator: false,
  initAsync: false,
  interpolation: { escapeValue: false },
  react: { useSuspense: false },
})
mark(language())
i18n.on('languageChanged', () => mark(language()))

export function language(): Language {
  return i18n.language === 'zh' ? 'zh' : 'en'
}

export async function speak(next: Language) {
  try {
    localStorage.setItem(stored, next)
  } catch {
    // A browser that refuses storage only forgets the choice.
  }
  await i18n.changeLanguage(next)
}

function read() {
  try {
    return localStorage.getItem(stored)
  } catch {
    return null
  }
}

function mark(now: Language) {
  document.documentElement.lang = now === 'zh' ? 'zh-CN' : 'en'
}

type Base<K extends string> = K extends `${infer B}_one` | `${infer B}_other` ? B : K
type Chinese<T> = { [K in keyof T as K extends `${string}_one` ? never : K]: string }

export type Words<K extends string> = { ns: string; en: Record<string, string>; zh: Record<string, string>; keys?: K }
export type Say<K extends string> = (key: K, values?: Record<string, unknown>) => string

/** All catalogues that were loaded so far; the parity test walks them. */
export const catalogues: Words<string>[] = []

/**
 * The texts of one feature in both languages. English may have key_one and key_other; Chinese needs only key_other.
 * A key that is missing in Chinese does not compile.
 */
export function words<const T extends Record<string, string>>(ns: string, en: T, zh: Chinese<T>) {
  const made = { ns, en, zh: zh as Record<string, string> } as Words<Base<keyof T & string>>
  i18n.addResourceBundle('en', ns, en)
  i18n.addResourceBundle('zh', ns, zh)
  catalogues.push(made)
  return made
}

export function useSay<K extends string>(of: Words<K>): Say<K> {
  const { t } = useTranslation(of.ns, { i18n })
  return t as unknown as Say<K>
}

/** For code outside components. */
export function say<K extends string>(of: Words<K>, key: K, values?: Record<string, unknown>) {
  return i18n.t(key, { ns: of.ns, ...values }) as string
}
