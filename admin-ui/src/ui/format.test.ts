import { afterEach, expect, test } from 'vitest'
import { i18n, speak } from '../i18n'
import { ago, dateTime, dayStart, money, moneyInput, parseMoney, withTimes } from './format'

afterEach(async () => {
  await i18n.changeLanguage('en')
})

test.each([
  [1234, 'USD', '$12.34'],
  [-50, 'USD', '-$0.50'],
  [1234, 'JPY', '¥1,234'],
  [1234, 'KWD', 'KWD 1.234'],
  [0, 'CNY', '¥0.00'],
])('%d minor units of %s read %s', (minor, currency, text) => {
  expect(money(minor, currency).replace(/\u00a0/g, ' ')).toBe(text)
})

test('money in Chinese keeps the narrow symbol', async () => {
  await speak('zh')
  expect(money(2800, 'CNY')).toBe('¥28.00')
})

test.each([
  ['12.34', 'USD', 1234],
  ['12.3', 'USD', 1230],
  ['12', 'USD', 1200],
  ['1,299.00', 'GBP', 129900],
  ['0.29', 'USD', 29], // 0.29 * 100 is 28.999… in floating point
  ['4.35', 'EUR', 435],
  ['-3', 'USD', -300],
  ['1234', 'JPY', 1234],
  ['1.5', 'JPY', undefined],
  ['1.234', 'USD', undefined],
  ['1.234', 'KWD', 1234],
  ['', 'USD', undefined],
  ['abc', 'USD', undefined],
  ['1e3', 'USD', undefined],
  ['99999999999999999', 'USD', undefined],
])('%s typed for %s is %s', (typed, currency, minor) => {
  expect(parseMoney(typed, currency)).toBe(minor)
})

test('an amount survives the way into a field and back', () => {
  for (const currency of ['USD', 'JPY', 'KWD']) {
    for (const minor of [0, 1, 9, 10, 99, 100, 101, 123456, -1, -250])
      expect(parseMoney(moneyInput(minor, currency), currency)).toBe(minor)
  }
})

test('a moment is shown in the zone of the shop', () => {
  const at = '2026-11-22T23:30:00Z'
  expect(dateTime(at, 'Asia/Shanghai', 'date')).toBe('23 Nov 2026')
  expect(dateTime(at, 'America/New_York', 'time')).toBe('18:30')
  expect(dateTime('nonsense', 'UTC')).toBe('–')
})

test.each([
  [30, '30 seconds ago'],
  [90, '1 minute ago'],
  [7_300, '2 hours ago'],
  [200_000, '2 days ago'],
])('%d seconds back is %s', (seconds, text) => {
  const now = Date.UTC(2026, 10, 22)
  expect(ago(new Date(now - seconds * 1000).toISOString(), now)).toBe(text)
})

test.each([
  ['2026-11-22', 'Asia/Shanghai', '2026-11-21T16:00:00.000Z'],
  ['2026-11-22', 'America/New_York', '2026-11-22T05:00:00.000Z'],
  ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'], // clocks go forward that night
  ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
  ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'], // and back the night before
  ['2026-11-22', 'Asia/Kathmandu', '2026-11-21T18:15:00.000Z'],
  ['2026-04-05', 'Pacific/Auckland', '2026-04-04T11:00:00.000Z'], // the clocks change between that midnight and the one of UTC
])('%s begins in %s at %s', (day, zone, at) => {
  expect(dayStart(day, zone)).toBe(at)
})

test('the last day of a filter counts', () => {
  expect(withTimes({ q: 'x', from: '2026-11-01', to: '2026-11-30' }, 'UTC')).toEqual({
    q: 'x',
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-12-01T00:00:00.000Z',
  })
  expect(withTimes({ from: 'soon' }, 'UTC')).toEqual({})
})
