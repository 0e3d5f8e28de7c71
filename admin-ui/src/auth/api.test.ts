import { expect, test } from 'vitest'
import { can } from '../api/session'
import { isSlug, shopOfHost, slugOf } from './api'

test.each([
  ["Mei's Noodles", 'meis-noodles'],
  ['Café Zürich', 'cafe-zurich'],
  ['24 Hours', 'hours'],
  ['老王面馆', ''],
  ['  A & B  ', 'a-b'],
])('the first idea for %s is %s', (business, slug) => {
  expect(slugOf(business)).toBe(slug)
})

test.each([
  ['noodles', true],
  ['a-1', true],
  ['ab', false],
  ['-ab', false],
  ['ab-', false],
  ['1ab', false],
  ['Abc', false],
])('%s may be an address: %s', (slug, ok) => {
  expect(isSlug(slug)).toBe(ok)
})

test.each([
  ['noodles.localhost', 'noodles'],
  ['localhost', ''],
  ['127.0.0.1', ''],
  ['noodles.example.com', 'noodles'],
  ['example.com', ''],
])('%s names the shop %j', (host, shop) => {
  expect(shopOfHost(host)).toBe(shop)
})

test('permissions may end in a star', () => {
  expect(can(['orders:*'], 'orders:refund')).toBe(true)
  expect(can(['*'], 'roles:write')).toBe(true)
  expect(can(['orders:read'], 'orders:refund')).toBe(false)
  expect(can(['order:*'], 'orders:read')).toBe(false)
})
