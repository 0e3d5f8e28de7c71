import { expect, test } from 'vitest'
import { contrastWithWhite, isColor } from './contrast'

test.each([
  ['#000000', 21],
  ['#ffffff', 1],
  ['#767676', 4.54],
  ['#777777', 4.48],
])('%s against white is %d : 1', (color, ratio) => {
  expect(contrastWithWhite(color)).toBeCloseTo(ratio, 2)
})

test('a colour is six digits', () => {
  expect(['#1a7f5a', '#FFF', 'teal', '#12345g'].map(isColor)).toEqual([true, false, false, false])
})
