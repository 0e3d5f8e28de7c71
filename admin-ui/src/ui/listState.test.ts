import { expect, test } from 'vitest'
import { parseSearch, sameSearch, stringifySearch } from './listState'

test('a query string stays text, and empty filters leave it', () => {
  expect(parseSearch('?q=1024&status=placed')).toEqual({ q: '1024', status: 'placed' })
  expect(stringifySearch({ q: 'a b', status: '', limit: undefined })).toBe('?q=a+b')
  expect(stringifySearch({})).toBe('')
  const odd = { q: '50% & "more" #1', name: '老王' }
  expect(parseSearch(stringifySearch(odd))).toEqual(odd)
})

test('a view is the same whatever the order of its filters', () => {
  expect(sameSearch({ a: '1', b: '2' }, { b: '2', a: '1' })).toBe(true)
  expect(sameSearch({ a: '1' }, { a: '1', b: '' })).toBe(true)
  expect(sameSearch({ a: '1' }, { a: '2' })).toBe(false)
})
