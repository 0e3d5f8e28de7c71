import { expect, test } from 'vitest'
import { type Locale, pickLocale } from './locale'

test.each<[string[], Locale[], Locale]>([
  [['zh-CN', 'en'], ['en', 'zh'], 'zh'],
  [['zh-Hant-TW'], ['en', 'zh'], 'zh'],
  [['fr-FR', 'en-GB'], ['en', 'zh'], 'en'],
  [['fr'], ['zh'], 'zh'],
  [['EN-us'], ['zh', 'en'], 'en'],
  [[], [], 'en']
])('pickLocale(%j, %j) = %s', (wishes, offered, want) => {
  expect(pickLocale(wishes, offered)).toBe(want)
})
