/** A refused request, as RFC 9457 tells it. `fields` maps a form path ("items.0.quantity") to what is wrong with it. */
export class Problem extends Error {
  override name = 'Problem'
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly fields: Record<string, string>,
    readonly requestId: string,
    readonly retryAfter: number | undefined,
  ) {
    super(detail || title || code)
  }
}

/** The problem of an answer; also of one that is no problem document, such as a proxy's error page. */
export function problemOf(response: Response, body: unknown): Problem {
  const doc = isRecord(body) ? body : {}
  const retry = Number(response.headers.get('Retry-After'))
  return new Problem(
    response.status,
    text(doc.code) || `http_${response.status}`,
    text(doc.title) || response.statusText,
    text(doc.detail) || text(doc.message),
    fieldsOf(doc),
    text(doc.request_id) || response.headers.get('X-Request-Id') || '',
    Number.isFinite(retry) && retry > 0 ? retry : undefined,
  )
}

/** Any thrown thing as a Problem; a request that never arrived is status 0 and code "offline". */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const offline = thrown instanceof TypeError && /fetch|network|load failed/i.test(message)
  return new Problem(0, offline ? 'offline' : 'unexpected', '', message, {}, '', undefined)
}

function fieldsOf(doc: Record<string, unknown>) {
  const fields: Record<string, string> = {}
  if (isRecord(doc.fields)) {
    for (const [path, message] of Object.entries(doc.fields)) fields[formPath(path)] = text(message)
  }
  if (Array.isArray(doc.errors)) {
    for (const one of doc.errors) {
      if (!isRecord(one)) continue
      const path = formPath(text(one.location) || text(one.field))
      if (path && !fields[path]) fields[path] = text(one.message)
    }
  }
  return fields
}

/** "body.items[0].quantity" and "/items/0/quantity" as "items.0.quantity". */
export function formPath(pointer: string) {
  return pointer
    .replace(/^(body|query|path|header)(\.|$)/, '')
    .replace(/\[(\d+)\]/g, '.$1')
    .replace(/^[#/]+/, '')
    .replaceAll('/', '.')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown) {
  return typeof value === 'string' ? value : ''
}
