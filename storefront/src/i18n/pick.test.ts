import { expect, test } from 'vitest'
import { pick } from './pick'

test.each<[Record<string, string> | null, string, string, string]>([
  [{ en: 'Noodles', zh: '面' }, 'zh', 'en', '面'],
  [{ en: 'Noodles', zh: '' }, 'zh', 'en', 'Noodles'],
  [{ zh: '面' }, 'en', 'zh', '面'],
  [{ fr: 'Nouilles' }, 'en', 'zh', 'Nouilles'],
  [null, 'zh', 'en', ''],
  [{}, 'zh', 'en', '']
])('pick(%j, %s, %s) = %s', (text, locale, shop, want) => {
  expect(pick(text, locale, shop)).toBe(want)
})
