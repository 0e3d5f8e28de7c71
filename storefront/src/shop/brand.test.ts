import { expect, test } from 'vitest'
import { brandColours, contrast, parseHex } from './brand'

const need = (hex: string | undefined) => {
  const rgb = parseHex(hex ?? '')
  if (!rgb) throw new Error(`not a colour: ${hex}`)
  return rgb
}

test.each(['#087f5b', '#ffffff', '#000000', '#ffff00', '#f00', '#777777', '#c2410c', '#fde68a', '#0b1f3a'])(
  'any shop colour stays readable: %s',
  colour => {
    const c = brandColours(colour)
    expect(contrast(need(c?.['--brand']), need(c?.['--on-brand']))).toBeGreaterThanOrEqual(4.5)
    for (const light of ['#faf9f7', '#ffffff', '#f2f1ed']) {
      expect(contrast(need(c?.['--brand-text-light']), need(light))).toBeGreaterThanOrEqual(4.5)
    }
    for (const dark of ['#131412', '#1c1d1b', '#262725']) {
      expect(contrast(need(c?.['--brand-text-dark']), need(dark))).toBeGreaterThanOrEqual(4.5)
    }
    expect(contrast(need(c?.['--brand-edge-light']), need('#faf9f7'))).toBeGreaterThanOrEqual(3)
    expect(contrast(need(c?.['--brand-edge-dark']), need('#131412'))).toBeGreaterThanOrEqual(3)
  }
)

test('a colour that already reads well is left as it is', () => {
  expect(brandColours('#087f5b')?.['--brand-edge-light']).toBe('#087f5b')
})

test.each(['', 'red', '#12', 'javascript:alert(1)', '#12345g'])('not a colour: %s', bad => {
  expect(brandColours(bad)).toBeUndefined()
})
