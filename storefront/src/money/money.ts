/** Money as the API sends it: whole minor units (cents, fen) and an ISO 4217 code. */
export type Money = { amount: number; currency: string }

// ISO 4217 minor units that are not 2. Browsers follow CLDR, which differs for a dozen currencies; the server follows ISO.
const exponents: Record<string, number> = {
  ...Object.fromEntries(
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map(c => [c, 0])
  ),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map(c => [c, 3])),
  CLF: 4,
  UYW: 4
}

export const exponent = (currency: string): number => exponents[currency] ?? 2

/** formatMoney prints an amount for people: formatMoney({amount: 1250, currency: 'CNY'}, 'en') is "¥12.50". */
export function formatMoney({ amount, currency }: Money, locale: string): string {
  const digits = exponent(currency)
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits
  }).format(amount / 10 ** digits)
}
