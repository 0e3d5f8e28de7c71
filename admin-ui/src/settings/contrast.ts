export function isColor(text: string) {
  return /^#[0-9a-f]{6}$/i.test(text)
}

/** The contrast of a colour like #1a7f5a with white, by WCAG: 1 is none, 21 is black on white. */
export function contrastWithWhite(color: string) {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => linear(Number.parseInt(color.slice(at, at + 2), 16) / 255))
  return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05)
}

function linear(channel: number) {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
}
