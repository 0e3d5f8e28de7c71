import { expect, test } from 'vitest'
import { exponent, formatMoney } from './money'

test.each([
  [{ amount: 1250, currency: 'CNY' }, 'en', '¥12.50'],
  [{ amount: 1250, currency: 'CNY' }, 'zh', '¥12.50'],
  [{ amount: 295, currency: 'GBP' }, 'en', '£2.95'],
  [{ amount: 295, currency: 'GBP' }, 'zh', '£2.95'],
  [{ amount: 1500, currency: 'JPY' }, 'en', '¥1,500'],
  [{ amount: 1234, currency: 'KWD' }, 'en', 'KWD 1.234'],
  [{ amount: -500, currency: 'EUR' }, 'en', '-€5.00'],
  [{ amount: 0, currency: 'EUR' }, 'en', '€0.00'],
  [{ amount: 123456789, currency: 'GBP' }, 'en', '£1,234,567.89'],
  [{ amount: 100000, currency: 'IDR' }, 'en', 'Rp 1,000.00']
])('formatMoney(%o, %s) = %s', (money, locale, want) => {
  expect(formatMoney(money, locale).replace(/\u00a0/g, ' ')).toBe(want)
})

test('minor units follow ISO 4217, not the browser', () => {
  expect(['EUR', 'JPY', 'KWD', 'CLF', 'HUF', 'PKR'].map(exponent)).toEqual([2, 0, 3, 4, 2, 2])
})
