export type Difference = { field: string; before: string; after: string }

/** What differs between two values, field by field: {a: {b: 1}} against {a: {b: 2}} is a.b, 1, 2. What is equal is left out. */
export function differences(before: unknown, after: unknown): Difference[] {
  const left = flat(before)
  const right = flat(after)
  const fields = [...new Set([...left.keys(), ...right.keys()])].sort()
  return fields
    .map(field => ({ field, before: left.get(field) ?? '', after: right.get(field) ?? '' }))
    .filter(one => one.before !== one.after)
}

function flat(value: unknown, path = '', into = new Map<string, string>()) {
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    if (entries.length === 0 && path) into.set(path, Array.isArray(value) ? '[]' : '{}')
    for (const [key, one] of entries) flat(one, path ? `${path}.${key}` : key, into)
  } else if (value !== undefined && value !== null) {
    into.set(path, String(value))
  }
  return into
}
