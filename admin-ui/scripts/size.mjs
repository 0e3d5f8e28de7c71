// Fails when what the browser loads before the first screen has grown past its budget. Sizes are gzip bytes of a built folder.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const folder = process.argv[2]
if (!folder) throw new Error('usage: node size.mjs FOLDER')
if (!existsSync(join(folder, 'index.html'))) {
  console.log(`${folder} is not built: its size is not checked`)
  process.exit(0)
}

const budget = { js: 260, css: 45 }
const html = readFileSync(join(folder, 'index.html'), 'utf8')
const loaded = [...html.matchAll(/(?:src|href)="\/admin\/(assets\/[^"]+)"/g)].map(match => match[1])
for (const [kind, limit] of Object.entries(budget)) {
  const bytes = loaded
    .filter(name => name.endsWith(`.${kind}`))
    .reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length, 0)
  const size = Math.ceil(bytes / 1024)
  console.log(`first page, ${kind}: ${size} kB of ${limit} kB`)
  if (size > limit) process.exitCode = 1
}
