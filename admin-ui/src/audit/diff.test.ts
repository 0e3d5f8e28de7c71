import { expect, test } from 'vitest'
import { differences } from './diff'

test('only what differs is shown, by its path', () => {
  expect(
    differences(
      { title: { en: 'Mug', zh: '杯' }, tags: ['a'], n: 1 },
      { title: { en: 'Cup', zh: '杯' }, tags: ['a', 'b'], n: 1 },
    ),
  ).toEqual([
    { field: 'tags.1', before: '', after: 'b' },
    { field: 'title.en', before: 'Mug', after: 'Cup' },
  ])
})

test('what was made has no before, what was deleted no after', () => {
  expect(differences(null, { name: 'x' })).toEqual([{ field: 'name', before: '', after: 'x' }])
  expect(differences({ name: 'x' }, undefined)).toEqual([{ field: 'name', before: 'x', after: '' }])
})

test('equal values and empty lists', () => {
  expect(differences({ a: [] }, { a: [] })).toEqual([])
  expect(differences({ a: [] }, { a: [0] })).toEqual([
    { field: 'a', before: '[]', after: '' },
    { field: 'a.0', before: '', after: '0' },
  ])
  expect(differences(undefined, undefined)).toEqual([])
})
