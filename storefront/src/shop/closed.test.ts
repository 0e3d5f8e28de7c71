import { expect, test } from 'vitest'
import { Problem } from '../api/problem'
import { whyClosed } from './closed'

test.each([
  [new Problem(404, 'tenant.unknown', ''), undefined, 'unknown'],
  [new Problem(403, 'tenant.suspended', ''), undefined, 'suspended'],
  [new Problem(410, 'tenant.closed', ''), undefined, 'closed'],
  [undefined, 'suspended', 'suspended'],
  [undefined, 'active', undefined],
  [new Problem(503, 'unavailable', ''), undefined, undefined],
  [new Problem(0, 'network', ''), undefined, undefined]
])('%o with status %s is %s', (error, status, want) => {
  expect(whyClosed(error, status)).toBe(want)
})
