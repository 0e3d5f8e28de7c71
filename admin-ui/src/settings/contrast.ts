export function isColor(text: string) {
  return /^#[0-9a-f]{6}$/i.test(text)
}

/** The colour of text that the shop puts on its own: white where that can be read, else whichever of black and white can be read better. */
export function textOn(color: string) {
  const white = contrast(color, 1)
  const black = contrast(color, 0)
  return white >= 4.5 || white > black
    ? { name: 'white' as const, color: '#ffffff', ratio: white }
    : { name: 'black' as const, color: '#000000', ratio: black }
}

/** The contrast of a colour like #1a7f5a with a grey of the luminance, by WCAG: 1 is none, 21 is black on white. */
function contrast(color: string, luminance: number) {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => linear(Number.parseInt(color.slice(at, at + 2), 16) / 255))
  const own = 0.2126 * r + 0.7152 * g + 0.0722 * b
  return (Math.max(own, luminance) + 0.05) / (Math.min(own, luminance) + 0.05)
}

function linear(channel: number) {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
}
