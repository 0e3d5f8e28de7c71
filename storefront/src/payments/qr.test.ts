import { encode } from 'uqr'
import { expect, test } from 'vitest'
import { clock } from './countdown'
import { qrPath } from './qr'

test('runs of dark modules become one rectangle each, inside the quiet zone', () => {
  expect(
    qrPath([
      [true, true, false],
      [false, true, false],
      [true, false, true]
    ])
  ).toEqual({
    d: 'M4 4h2v1h-2zM5 5h1v1h-1zM4 6h1v1h-1zM6 6h1v1h-1z',
    size: 11
  })
})

test('every dark module of a real code is drawn once', () => {
  const { data } = encode('https://pay.example/abc', { ecc: 'M', border: 0 })
  const dark = data.flat().filter(Boolean).length
  const drawn = [...qrPath(data).d.matchAll(/h(\d+)v1/g)].reduce((n, m) => n + Number(m[1]), 0)
  expect(drawn).toBe(dark)
})

test.each([
  [0, '0:00'],
  [5, '0:05'],
  [65, '1:05'],
  [900, '15:00']
])('clock(%i) = %s', (seconds, want) => {
  expect(clock(seconds)).toBe(want)
})
