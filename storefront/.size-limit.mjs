// What a phone loads before it shows the shop: the page's own scripts and those it preloads, and its style.
import { readFileSync } from 'node:fs'

const page = readFileSync(new URL('dist/app/index.html', import.meta.url), 'utf8')
const files = ending =>
  [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(m => `dist/app/${m[1]}`).filter(f => f.endsWith(ending))

export default [
  { name: 'first page JS', path: files('.js'), gzip: true, limit: '60 kB' },
  { name: 'CSS', path: files('.css'), gzip: true, limit: '45 kB' }
]
