// ISO 3166 codes that browsers can name; there is no list of them in Intl.
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
let known: string[] | undefined

/** All countries and territories the browser has a name for. */
export function countryCodes() {
  if (known) return known
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
  const pairs = [...letters].flatMap(a => [...letters].map(b => a + b))
  known = pairs.filter(
    code => names.of(code) && !notCountries.has(code) && !/^(Q[M-Z]|X[A-Z]|ZZ|A[A]|E[UZ]|UN)$/.test(code),
  )
  return known
}

// Withdrawn codes and groups that browsers still name.
const notCountries = new Set(
  'AC AN BU CP CQ CS CT DD DG DY EA FQ FX HV IC JT MI NH NQ NT PC PU PZ RH SU TA TP UK VD WK YD YU ZR DE_'.split(' '),
)
