/** Problem is an answer of the server that is not a success (RFC 9457), or no answer at all (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly fields: { name: string; message: string }[] = [],
    readonly requestId = '',
    /** what else the answer carries: the new total of a 409, the lines that are sold out */
    readonly extra: Record<string, unknown> = {}
  ) {
    super(detail)
  }

  /** unanswered: the request may or may not have been done; try again with the same key. */
  get unanswered(): boolean {
    return this.status === 0 || this.status >= 500
  }
}

type Body = {
  title?: string
  detail?: string
  code?: string
  request_id?: string
  errors?: { field?: string; location?: string; message: string }[]
}

/** toProblem reads an error body; whatever it is, the result can be shown. */
export function toProblem(status: number, body: unknown): Problem {
  const { title, detail, code, request_id, errors, ...extra } = (typeof body === 'object' && body ? body : {}) as Body
  const fields = (errors ?? []).map(e => ({ name: fieldName(e.field ?? e.location ?? ''), message: e.message }))
  return new Problem(status, code ?? `http.${status}`, detail ?? title ?? '', fields, request_id ?? '', extra)
}

/** fieldName turns "body.shipping_address.lines[0]" into the form's "shipping_address.lines.0". */
export const fieldName = (field: string): string => field.replace(/^body\./, '').replace(/\[(\d+)\]/g, '.$1')
