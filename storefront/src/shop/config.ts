import { useSuspenseQuery } from '@tanstack/react-query'
import { answer, api } from '../api/client'
import type { Address, Config, Text } from '../api/shapes'
import { type Locale, locales, pickLocale, usual } from '../i18n/locale'
import { pick } from '../i18n/pick'
import { useLocale } from '../i18n/use-text'
import { formatMoney } from '../money/money'
import { paint } from './brand'

export const configQuery = {
  queryKey: ['config'],
  queryFn: async () => settle(await answer(api.GET('/api/v1/storefront/config', {}))),
  staleTime: 5 * 60_000
}

/** settle applies what the shop decided: its colour, its name, the languages it speaks. */
function settle(config: Config): Config {
  paint(config.branding.color ?? undefined)
  document.title = config.tenant.name
  usual.set(pickLocale(navigator.languages, shopLocales(config)))
  return config
}

/** shopLocales are the screen languages a shop offers, its own first; a shop of other languages gets English. */
export function shopLocales(config: Config): Locale[] {
  const { language, languages } = config.tenant
  const own = [language, ...languages].filter((code): code is Locale => (locales as readonly string[]).includes(code))
  return own.length ? [...new Set(own)] : ['en']
}

/** useShop gives the shop's settings and how it writes words and money. The screens are mounted only when they are there. */
export function useShop() {
  const { data: config } = useSuspenseQuery(configQuery)
  const locale = useLocale()
  return {
    config,
    locale,
    words: (text: Text | null | undefined) => pick(text, locale, config.tenant.language),
    money: (amount: number, currency = config.tenant.currency) => formatMoney({ amount, currency }, locale),
    time: (at: string, style: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }) =>
      new Intl.DateTimeFormat(regional(locale), { ...style, timeZone: config.tenant.time_zone }).format(new Date(at))
  }
}

/** regional is the browser's own form of a language, so that a Briton reads 15:14 and not 3:14 PM. */
export const regional = (locale: string): string => navigator.languages.find(l => l.split('-')[0] === locale) ?? locale

/** addressOf reads the address of a place, which may have none. */
export const addressOf = (place: Config['locations'][number]): Partial<Address> =>
  place.address && typeof place.address === 'object' ? place.address : {}

/** addressLines writes an address top to bottom, without its phone. */
export function addressLines(a: Partial<Address>, locale: string): string[] {
  const country = a.country ? (new Intl.DisplayNames(locale, { type: 'region' }).of(a.country) ?? a.country) : ''
  return [
    a.name,
    a.company,
    ...(a.lines ?? []),
    [a.postal_code, a.city].filter(Boolean).join(' '),
    a.region,
    country
  ].filter((line): line is string => !!line)
}
