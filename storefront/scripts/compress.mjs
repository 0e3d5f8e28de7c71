// Writes .br and .gz beside every compressible file of the build, so that the server never compresses on the fly.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = new URL('../dist/app/', import.meta.url).pathname
const text = /\.(html|js|css|svg|json|txt|webmanifest)$/
let files = 0

for (const name of readdirSync(root, { recursive: true })) {
  if (!text.test(name)) continue
  const path = join(root, name)
  const body = readFileSync(path)
  if (body.length < 512) continue
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }))
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
  files++
}
process.stdout.write(`compressed ${files} files\n`)
