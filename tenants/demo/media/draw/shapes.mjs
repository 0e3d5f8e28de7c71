// The few shapes all demo pictures are made of: flat colour, soft light from the upper left, one shadow on the ground.
export const c = (x, y, r, fill, more = '') => `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}" ${more}/>`
export const e = (x, y, rx, ry, fill, more = '') => `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${fill}" ${more}/>`
export const r = (x, y, w, h, fill, rx = 0, more = '') =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${rx}" fill="${fill}" ${more}/>`
export const p = (d, fill, more = '') => `<path d="${d}" fill="${fill}" ${more}/>`
export const line = (d, stroke, width, more = '') =>
  `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round" ${more}/>`
export const at = (x, y, what, scale = 1, turn = 0) => `<g transform="translate(${x} ${y}) rotate(${turn}) scale(${scale})">${what}</g>`
export const times = (n, f) => Array.from({ length: n }, (_, i) => f(i)).join('')

/** scene is a studio: wall, a lighter disc behind the thing, table and the thing's shadow. */
export const scene = (wall, disc, table, thing, shadow = 250) =>
  r(0, 0, 800, 800, wall) + c(400, 380, 300, disc) + r(0, 640, 800, 160, table) + e(400, 668, shadow, 26, '#00000022') + thing

export const heart = (x, y, s, fill, more = '') =>
  p('M0 36C-60-6-46-46-20-46-8-46 0-38 0-28 0-38 8-46 20-46 46-46 60-6 0 36Z', fill, `transform="translate(${x} ${y}) scale(${s})" ${more}`)

let ids = 0
/** clipped draws "what" only inside the path d. */
export const clipped = (d, what) => {
  const id = `k${ids++}`
  return `<clipPath id="${id}"><path d="${d}"/></clipPath><g clip-path="url(#${id})">${what}</g>`
}

/** dots fills a box with a staggered spot pattern. */
export const dots = (x, y, w, h, gap, size, fill) => {
  let out = ''
  for (let row = 0, yy = y; yy <= y + h; row++, yy += gap * 0.87)
    for (let xx = x + (row % 2 ? gap / 2 : 0); xx <= x + w; xx += gap) out += c(Math.round(xx), Math.round(yy), size, fill)
  return out
}

export const flower = (x, y, s, petals, heartColour) =>
  at(x, y, times(5, i => at(0, 0, e(0, -15, 10, 14, petals), 1, i * 72)) + c(0, 0, 8, heartColour), s)

export const rose = (x, y, s, a = '#d6546b', b = '#f08aa0') =>
  at(x, y, c(0, 0, 26, a) + p('M-18 4a18 18 0 0 1 34-8 14 14 0 0 0-24 6 10 10 0 0 0 12 8', b) + c(2, 0, 6, a) + p('M20 16q26-2 30 20-26 4-30-20Z', '#5d9461') + p('M-20 16q-26-2-30 20 26 4 30-20Z', '#6fab73'), s)

export const star = (x, y, s, fill) => p('M0-20 6-6 20-6 9 4 13 18 0 10-13 18-9 4-20-6-6-6Z', fill, `transform="translate(${x} ${y}) scale(${s})"`)
