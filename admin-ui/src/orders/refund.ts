import type { Line } from './api'

type Part = Pick<Line, 'quantity' | 'total' | 'tax' | 'refunded'>

/** What the customer has paid for so many units of a line, as the server counts it. */
export function refundOf(line: Part, quantity: number, taxIncluded: boolean) {
  return Math.floor((paidFor(line, taxIncluded) * quantity) / line.quantity)
}

/** How many units of a line can still be paid back. */
export function refundable(line: Part, taxIncluded: boolean) {
  const left = paidFor(line, taxIncluded) - line.refunded
  let units = line.quantity
  while (units > 0 && refundOf(line, units, taxIncluded) > left) units--
  return refundOf(line, units, taxIncluded) > 0 ? units : 0
}

function paidFor({ total, tax }: Part, taxIncluded: boolean) {
  return taxIncluded ? total : total + tax
}
