import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Cart, CartLine } from '../api/shapes'
import { Basket } from './basket'

const line = (variant_id: string, quantity: number) => ({ id: variant_id, variant_id, quantity }) as CartLine
const cartOf = (lines: { variant_id: string; quantity: number }[]) =>
  ({ lines: lines.map(l => line(l.variant_id, l.quantity)) }) as unknown as Cart

function bench(start: Cart) {
  let cart = start
  const writes: string[] = []
  const errors: unknown[] = []
  const answers: { ok: () => void; fail: () => void }[] = []
  const wait = (next: Cart) =>
    new Promise<Cart>((ok, fail) => answers.push({ ok: () => ok(next), fail: () => fail(new Error('no')) }))
  const basket = new Basket({
    now: () => cart,
    replace: lines => {
      writes.push(lines.map(l => `${l.variant_id}=${l.quantity}`).join(' '))
      return wait(cartOf(lines))
    },
    add: l => {
      writes.push(`+${l.variant_id}=${l.quantity}`)
      return wait(cartOf([...cart.lines, l]))
    },
    told: c => {
      cart = c
    },
    failed: e => errors.push(e)
  })
  const reply = async (how: 'ok' | 'fail' = 'ok') => {
    answers.shift()?.[how]()
    await vi.advanceTimersByTimeAsync(0)
  }
  return { basket, writes, errors, reply }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('quick taps become one write, and the wish is seen at once', async () => {
  const { basket, writes, reply } = bench(
    cartOf([
      { variant_id: 'a', quantity: 1 },
      { variant_id: 'b', quantity: 2 }
    ])
  )
  basket.set('a', 2)
  basket.set('a', 3)
  basket.set('a', 4)
  expect(basket.quantity('a')).toBe(4)
  expect(writes).toEqual([])
  await vi.advanceTimersByTimeAsync(300)
  expect(writes).toEqual(['a=4 b=2'])
  await reply()
  expect(basket.quantity('a')).toBe(4)
  expect(basket.wanted.get()).toEqual({})
})

test('a tap during a write waits for it and is not lost', async () => {
  const { basket, writes, reply } = bench(cartOf([{ variant_id: 'a', quantity: 1 }]))
  basket.set('a', 2)
  await vi.advanceTimersByTimeAsync(300)
  basket.set('a', 5)
  await vi.advanceTimersByTimeAsync(300)
  expect(writes).toEqual(['a=2'])
  expect(basket.quantity('a')).toBe(5)
  await reply()
  expect(basket.quantity('a')).toBe(5)
  expect(writes).toEqual(['a=2', 'a=5'])
  await reply()
  expect(basket.wanted.get()).toEqual({})
})

test('zero takes the line out', async () => {
  const { basket, writes } = bench(
    cartOf([
      { variant_id: 'a', quantity: 1 },
      { variant_id: 'b', quantity: 1 }
    ])
  )
  basket.set('a', 0)
  await vi.advanceTimersByTimeAsync(300)
  expect(writes).toEqual(['b=1'])
})

test('a refused write returns to the server\u2019s number and says so', async () => {
  const { basket, errors, reply } = bench(cartOf([{ variant_id: 'a', quantity: 1 }]))
  basket.set('a', 99)
  await vi.advanceTimersByTimeAsync(300)
  await reply('fail')
  expect(basket.quantity('a')).toBe(1)
  expect(errors).toHaveLength(1)
})

test('adding sends the open wishes first', async () => {
  const { basket, writes, reply } = bench(cartOf([{ variant_id: 'a', quantity: 1 }]))
  basket.set('a', 3)
  const added = basket.add({ variant_id: 'b', quantity: 1 })
  await vi.advanceTimersByTimeAsync(0)
  expect(writes).toEqual(['a=3'])
  await reply()
  expect(writes).toEqual(['a=3', '+b=1'])
  await reply()
  await added
  expect([basket.quantity('a'), basket.quantity('b')]).toEqual([3, 1])
})

test('a refused add is thrown to the one who asked, and the next one still works', async () => {
  const { basket, reply } = bench(cartOf([]))
  const first = basket.add({ variant_id: 'a', quantity: 1 })
  const refused = expect(first).rejects.toThrow('no')
  await vi.advanceTimersByTimeAsync(0)
  await reply('fail')
  await refused
  const second = basket.add({ variant_id: 'a', quantity: 1 })
  await vi.advanceTimersByTimeAsync(0)
  await reply()
  await second
  expect(basket.quantity('a')).toBe(1)
})
