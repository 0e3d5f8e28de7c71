export type Piece = { text: string } | { param: string }

/** "below {threshold} for" as its pieces: text, the threshold, text. */
export function piecesOf(template: string): Piece[] {
  return template
    .split(/(\{\w+\})/)
    .filter(Boolean)
    .map(piece => (/^\{\w+\}$/.test(piece) ? { param: piece.slice(1, -1) } : { text: piece }))
}

/** The sentence with its thresholds filled in. */
export function sentence(template: string, params: Record<string, number>) {
  return piecesOf(template)
    .map(piece => ('param' in piece ? String(params[piece.param] ?? '?') : piece.text))
    .join('')
}
