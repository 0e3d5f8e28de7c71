/** Colours as sRGB bytes. */
type RGB = readonly [number, number, number]

const black: RGB = [0, 0, 0]
const white: RGB = [255, 255, 255]
// The surfaces that text of the brand's colour must be readable on: the darkest of the light ones, the lightest of the dark ones.
const lightest: RGB = [0xf2, 0xf1, 0xed]
const darkest: RGB = [0x26, 0x27, 0x25]

/** parseHex reads "#rgb" or "#rrggbb"; anything else is undefined. */
export function parseHex(text: string): RGB | undefined {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text.trim())
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text.trim())
  const parts = short ? short.slice(1).map(x => x + x) : long?.slice(1)
  if (!parts) return undefined
  const [r = 0, g = 0, b = 0] = parts.map(x => Number.parseInt(x, 16))
  return [r, g, b]
}

const toHex = (c: RGB) => `#${c.map(v => Math.round(v).toString(16).padStart(2, '0')).join('')}`

function luminance(c: RGB): number {
  const [r = 0, g = 0, b = 0] = c.map(v => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** contrast is the WCAG ratio of two colours, 1 to 21. */
export function contrast(a: RGB, b: RGB): number {
  const [hi = 0, lo = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (hi + 0.05) / (lo + 0.05)
}

/** towards moves a colour to black or white in small steps until it reaches the ratio on the background. */
function towards(c: RGB, end: RGB, on: RGB, ratio: number): RGB {
  for (let t = 0; t <= 1; t += 0.02) {
    const mixed = c.map((v, i) => Math.round(v + ((end[i] ?? 0) - v) * t)) as unknown as RGB
    if (contrast(mixed, on) >= ratio) return mixed
  }
  return end
}

/** brandColours guards a shop's own colour: whatever it is, text on it and text in it keep WCAG AA in light and dark. */
export function brandColours(colour: string): Record<string, string> | undefined {
  const brand = parseHex(colour)
  if (!brand) return undefined
  const onBrand =
    contrast(brand, white) >= 4.5 ? white : contrast(brand, black) >= contrast(brand, white) ? black : white
  return {
    '--brand': toHex(brand),
    '--on-brand': toHex(onBrand),
    '--brand-text-light': toHex(towards(brand, black, lightest, 4.6)),
    '--brand-text-dark': toHex(towards(brand, white, darkest, 4.6)),
    '--brand-edge-light': toHex(towards(brand, black, lightest, 3)),
    '--brand-edge-dark': toHex(towards(brand, white, darkest, 3))
  }
}

/** paint applies the shop's colour to the page; a colour that cannot be read leaves the default. */
export function paint(colour: string | undefined, root: HTMLElement = document.documentElement): void {
  for (const [name, value] of Object.entries(brandColours(colour ?? '') ?? {})) root.style.setProperty(name, value)
}
