import { expect, test } from 'vitest'
import { piecesOf, sentence } from './sentence'

test('a sentence falls into text and thresholds', () => {
  expect(piecesOf('When it fails {count} times within {window_minutes} minutes')).toEqual([
    { text: 'When it fails ' },
    { param: 'count' },
    { text: ' times within ' },
    { param: 'window_minutes' },
    { text: ' minutes' },
  ])
  expect(piecesOf('{a}{b}')).toEqual([{ param: 'a' }, { param: 'b' }])
})

test('a threshold that is missing is seen', () => {
  expect(sentence('低于 {threshold} 时', { threshold: 5 })).toBe('低于 5 时')
  expect(sentence('below {threshold}', {})).toBe('below ?')
})
