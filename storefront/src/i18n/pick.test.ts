import { expect, test } from 'vitest'
import { pick } from './pick'

test.each([
  [{ en: 'Noodles', zh: '面' }, 'zh', 'en', '面'],
  [{ en: 'Noodles', zh: '' }, 'zh', 'en', 'Noodles'],
  [{ zh: '面' }, 'en', 'zh', '面'],
  [{ fr: 'Nouilles' }, 'en', 'zh', 'Nouilles'],
  ['plain', 'zh', 'en', 'plain'],
  [null, 'zh', 'en', ''],
  [{}, 'zh', 'en', '']
])('pick(%j, %s, %s) = %s', (text, locale, shop, want) => {
  expect(pick(text, locale, shop)).toBe(want)
})
