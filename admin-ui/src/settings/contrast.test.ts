import { expect, test } from 'vitest'
import { isColor, textOn } from './contrast'

test.each([
  ['#000000', 'white', 21],
  ['#ffffff', 'black', 21],
  ['#767676', 'white', 4.54],
  ['#777777', 'black', 4.69],
  ['#ffe066', 'black', 16.11],
  ['#a23b3b', 'white', 6.51],
])('text on %s is %s, %d : 1', (color, name, ratio) => {
  expect(textOn(color)).toMatchObject({ name, ratio: expect.closeTo(ratio, 1) })
})

test('whatever the colour, its text can be read', () => {
  for (let n = 0; n < 0x1000000; n += 4099)
    expect(textOn(`#${n.toString(16).padStart(6, '0')}`).ratio).toBeGreaterThanOrEqual(4.5)
})

test('a colour is six digits', () => {
  expect(['#1a7f5a', '#FFF', 'teal', '#12345g'].map(isColor)).toEqual([true, false, false, false])
})
