import { type Language, language } from '../i18n'

const locales: Record<Language, string> = { en: 'en-GB', zh: 'zh-CN' }

export function locale() {
  return locales[language()]
}

/** How many decimals a currency has: 2 for USD, 0 for JPY, 3 for KWD. */
export function exponent(currency: string) {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/** Minor units of a currency as a person reads them: money(1234, 'USD') is "$12.34". */
export function money(minor: number, currency: string) {
  return new Intl.NumberFormat(locale(), { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(
    minor / 10 ** exponent(currency),
  )
}

/** What was typed as minor units, without floating point: "12.3" in USD is 1230. undefined when it is no amount of that currency. */
export function parseMoney(typed: string, currency: string): number | undefined {
  const digits = exponent(currency)
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(typed.trim().replaceAll(',', ''))
  if (!match) return undefined
  const [, sign, whole = '0', fraction = ''] = match
  if (fraction.length > digits) return undefined
  const minor = Number(whole + fraction.padEnd(digits, '0'))
  if (!Number.isSafeInteger(minor)) return undefined
  return sign && minor !== 0 ? -minor : minor
}

/** Minor units as an input field wants them: "12.34", no symbol, no grouping. */
export function moneyInput(minor: number | null | undefined, currency: string) {
  if (minor === null || minor === undefined) return ''
  const digits = exponent(currency)
  const text = String(Math.abs(minor)).padStart(digits + 1, '0')
  const sign = minor < 0 ? '-' : ''
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

export function number(value: number, options?: Intl.NumberFormatOptions) {
  return new Intl.NumberFormat(locale(), options).format(value)
}

/** A moment in the shop's zone; the zone is named when it is not the reader's own. */
export function dateTime(iso: string | Date, zone: string, style: 'short' | 'long' | 'date' | 'time' = 'short') {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return '–'
  const day: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: 'numeric' }
  const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  const options: Intl.DateTimeFormatOptions =
    style === 'date'
      ? day
      : style === 'time'
        ? clock
        : { ...day, ...clock, ...(style === 'long' && { second: '2-digit' }) }
  if (style !== 'date' && style !== 'time' && zone !== ownZone()) options.timeZoneName = 'short'
  return new Intl.DateTimeFormat(locale(), { ...options, timeZone: zone }).format(at)
}

export function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** "3 minutes ago". */
export function ago(iso: string, now = Date.now()) {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000)
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.trunc(seconds / size), unit)
}

/** The moment a day begins in a zone: dayStart('2026-03-29', 'Europe/Berlin') is 2026-03-28T23:00:00Z. */
export function dayStart(day: string, zone: string, daysLater = 0): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  const wall = Date.UTC(year, month - 1, date + daysLater)
  // Twice, since the first guess may stand on the other side of a change of clocks.
  const guess = wall - offset(wall, zone)
  return new Date(wall - offset(guess, zone)).toISOString()
}

function offset(at: number, zone: string) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const part = (type: string) => Number(parts.find(one => one.type === type)?.value)
  return (
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) -
    Math.floor(at / 1000) * 1000
  )
}

/** Filters of an address as the API wants them: the days from and to become moments, the last day included. */
export function withTimes(search: Record<string, string>, zone: string): Record<string, string> {
  const { from, to, ...rest } = search
  return {
    ...rest,
    ...(isDay(from) && { from: dayStart(from, zone) }),
    ...(isDay(to) && { to: dayStart(to, zone, 1) }),
  }
}

function isDay(text: string | undefined): text is string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text ?? '')
}
