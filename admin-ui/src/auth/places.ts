import { locale } from '../ui/format'

type Choice = { value: string; label: string }

/** The codes that the server offers, named in the reader's language. */
export function choices(from: unknown[] | undefined, type?: 'region' | 'currency'): Choice[] {
  const names = type && new Intl.DisplayNames(locale(), { type })
  const made = (from ?? []).map(one => {
    const value = typeof one === 'string' ? one : codeOf(one as Record<string, unknown>)
    const name = names?.of(value)
    return { value, label: name && name !== value ? `${name} (${value})` : value.replaceAll('_', ' ') }
  })
  return made.sort((a, b) => a.label.localeCompare(b.label, locale()))
}

function codeOf(one: Record<string, unknown>) {
  return String(one.id ?? one.code ?? one.name ?? '')
}

/** The region of the browser's language, such as GB of en-GB; nothing when it names none. */
export function ownRegion() {
  for (const tag of navigator.languages ?? []) {
    const { region } = new Intl.Locale(tag)
    if (region) return region
  }
  return ''
}
