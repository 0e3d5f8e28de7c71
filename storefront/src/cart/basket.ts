import { map } from 'nanostores'
import type { Cart } from '../api/shapes'

type Line = { variant_id: string; quantity: number }
type Server = {
  /** now is the cart as the server last told it. */
  now: () => Cart | undefined
  replace: (lines: Line[]) => Promise<Cart>
  /** add puts more of a variant into the cart, making the cart if there is none. */
  add: (line: Line) => Promise<Cart>
  /** told hands over every new answer of the server. */
  told: (cart: Cart) => void
  failed: (error: unknown) => void
}

/**
 * Basket turns taps into few, ordered writes: quick taps on one line become one request, and no request starts before the last one
 * has ended, so that the server's last word is always the newest. Totals are never guessed; only the wanted quantity is shown at once.
 */
export class Basket {
  /** wanted quantities that the server has not confirmed yet, by variant. */
  readonly wanted = map<Record<string, number>>({})
  private timer: ReturnType<typeof setTimeout> | undefined
  private last: Promise<void> = Promise.resolve()

  constructor(
    private readonly server: Server,
    private readonly waitMs = 300
  ) {}

  /** quantity is what the customer sees: the wish, else the server's number. */
  quantity(variant: string): number {
    const wish = this.wanted.get()[variant]
    return (
      wish ??
      this.server
        .now()
        ?.lines.filter(l => l.variant_id === variant)
        .reduce((n, l) => n + l.quantity, 0) ??
      0
    )
  }

  /** set wishes for a quantity of a line; 0 takes it out. */
  set(variant: string, quantity: number): void {
    this.wanted.setKey(variant, Math.max(0, quantity))
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.settle(), this.waitMs)
  }

  /** add puts more into the cart and waits for the server's answer; it throws what the server refused. */
  async add(line: Line): Promise<Cart> {
    await this.settle()
    const adding = this.server.add(line)
    this.last = adding.then(
      () => {},
      () => {}
    )
    const cart = await adding
    this.server.told(cart)
    return cart
  }

  /** settle sends what is still wished for and waits until all is answered. */
  settle(): Promise<void> {
    clearTimeout(this.timer)
    this.last = this.last.then(() => this.send())
    return this.last
  }

  private async send(): Promise<void> {
    const sent = { ...this.wanted.get() }
    if (!Object.keys(sent).length) return
    const lines = (this.server.now()?.lines ?? [])
      .map(l => ({ variant_id: l.variant_id, quantity: sent[l.variant_id] ?? l.quantity }))
      .filter(l => l.quantity > 0)
    try {
      this.server.told(await this.server.replace(lines))
      this.forget(sent)
    } catch (error) {
      this.forget(sent)
      this.server.failed(error)
    }
  }

  /** forget drops the wishes that were sent, and keeps those made since. */
  private forget(sent: Record<string, number>): void {
    this.wanted.set(Object.fromEntries(Object.entries(this.wanted.get()).filter(([variant, n]) => sent[variant] !== n)))
  }
}
