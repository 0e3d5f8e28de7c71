import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'
import { catalogues, pickLanguage } from '.'

// Every words.ts of every feature registers itself when it is loaded.
const modules = import.meta.glob('../**/{words,*Words}.ts')

beforeAll(async () => {
  await Promise.all(Object.values(modules).map(load => load()))
})

const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(match => match[1]).sort()

describe('both languages', () => {
  test('have the same keys', () => {
    expect(catalogues.length).toBeGreaterThan(3)
    for (const { ns, en, zh } of catalogues) {
      const wanted = Object.keys(en).filter(key => !key.endsWith('_one'))
      expect(Object.keys(zh).sort(), ns).toEqual(wanted.sort())
    }
  })

  test('have text for every key', () => {
    for (const { ns, en, zh } of catalogues) {
      for (const [key, text] of [...Object.entries(en), ...Object.entries(zh)])
        expect(text.trim(), `${ns}: ${key}`).not.toBe('')
    }
  })

  test('fill in the same values', () => {
    for (const { ns, en, zh } of catalogues) {
      for (const [key, text] of Object.entries(zh))
        expect(placeholders(text), `${ns}: ${key}`).toEqual(placeholders(en[key] ?? ''))
    }
  })

  test('have one name each', () => {
    const names = catalogues.map(one => one.ns)
    expect(names).toEqual([...new Set(names)])
  })

  test('Chinese is Chinese', () => {
    for (const { ns, zh } of catalogues) {
      for (const [key, text] of Object.entries(zh)) {
        const latinOnly = /[A-Za-z]{3,}/.test(text.replaceAll(/\{\{\w+\}\}/g, '')) && !/[\u4e00-\u9fff]/.test(text)
        expect(latinOnly, `${ns}: ${key}: ${text}`).toBe(false)
      }
    }
  })
})

test('no text of a screen is written into its code', () => {
  const found: string[] = []
  for (const file of screens(join(__dirname, '..'))) {
    const source = ts.createSourceFile(
      file,
      readFileSync(file, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
      ts.ScriptKind.TSX,
    )
    source.forEachChild(function visit(node) {
      const text = hardCoded(node)
      if (text && text !== 'Allhours') found.push(`${file.split('/src/')[1]}: ${text}`)
      node.forEachChild(visit)
    })
  }
  expect(found).toEqual([])
})

const spoken = new Set(['label', 'placeholder', 'title', 'description', 'aria-label', 'alt', 'legend'])

function hardCoded(node: ts.Node) {
  if (ts.isJsxText(node) && /\p{L}{2,}/u.test(node.text)) return node.text.trim()
  if (
    ts.isJsxAttribute(node) &&
    spoken.has(node.name.getText()) &&
    node.initializer &&
    ts.isStringLiteral(node.initializer)
  ) {
    return /\p{L}{2,}/u.test(node.initializer.text) ? node.initializer.text : undefined
  }
  return undefined
}

function screens(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.tsx') && !name.endsWith('.test.tsx'))
    .map(name => join(folder, name))
}

test.each([
  [['zh-CN', 'en'], null, 'zh'],
  [['zh-TW'], null, 'zh'],
  [['fr', 'en-US'], null, 'en'],
  [['fr'], null, 'en'],
  [['en'], 'zh', 'zh'],
] as const)('a browser that speaks %j and chose %s gets %s', (wanted, chosen, expected) => {
  expect(pickLanguage(wanted, chosen)).toBe(expected)
})
