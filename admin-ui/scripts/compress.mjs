// Writes name.br and name.gz beside each file of a built folder that gets at least a tenth smaller.
// HTML stays plain: the server writes a nonce into it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const folder = process.argv[2]
if (!folder) throw new Error('usage: node compress.mjs FOLDER')
const total = { plain: 0, br: 0, gz: 0 }

for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
  if (!/\.(js|css|svg|json)$/.test(name)) continue
  const path = join(folder, name)
  const plain = readFileSync(path)
  if (plain.length < 512) continue
  const br = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } })
  const gz = gzipSync(plain, { level: 9 })
  total.plain += plain.length
  total.br += br.length
  total.gz += gz.length
  if (br.length < plain.length * 0.9) writeFileSync(`${path}.br`, br)
  if (gz.length < plain.length * 0.9) writeFileSync(`${path}.gz`, gz)
}
console.log(`${folder}: ${kB(total.plain)} kB, br ${kB(total.br)}, gz ${kB(total.gz)}`)

function kB(bytes) {
  return Math.round(bytes / 1024)
}
