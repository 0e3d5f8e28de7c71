import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { zh } from './zh'

type Defined = { component: string; base: Record<string, unknown> }
const src = join(import.meta.dirname, '..')
const modules = import.meta.glob<Record<string, Defined>>(['../*/messages.ts', '../ui/problem-text.ts'], {
  eager: true
})
const english = Object.values(modules)
  .flatMap(m => Object.values(m))
  .filter(m => typeof m === 'object' && m?.component)
const chinese = zh as Record<string, Record<string, unknown>>

const text = (v: unknown): string => (typeof v === 'string' ? v : JSON.stringify((v as { input?: unknown }).input ?? v))
const holes = (v: unknown) => [...new Set(text(v).match(/\{\w+\}/g) ?? [])].sort()

test('every component has Chinese, and no Chinese is left over', () => {
  expect(Object.keys(chinese).sort()).toEqual(english.map(m => m.component).sort())
})

describe.each(english.map(m => [m.component, m.base] as const))('%s', (component, base) => {
  test('has the same keys in both languages', () => {
    expect(Object.keys(chinese[component] ?? {}).sort()).toEqual(Object.keys(base).sort())
  })
  test('keeps the same {holes} in both languages', () => {
    for (const key of Object.keys(base)) {
      expect([key, holes(chinese[component]?.[key])]).toEqual([key, holes(base[key])])
    }
  })
  test('really is Chinese', () => {
    for (const [key, value] of Object.entries(chinese[component] ?? {})) {
      expect(text(value), key).toMatch(/\p{Script=Han}|^\{n\} ×$|^[\d\s\p{P}]*$/u)
    }
  })
})

test('no words are written into the screens themselves', () => {
  const found: string[] = []
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.tsx') || file.includes('.test.')) continue
    const tree = ts.createSourceFile(
      file,
      readFileSync(join(src, file), 'utf8'),
      ts.ScriptTarget.ESNext,
      true,
      ts.ScriptKind.TSX
    )
    const walk = (node: ts.Node): void => {
      if (ts.isJsxText(node) && /\p{L}/u.test(node.text)) found.push(`${file}: ${node.text.trim()}`)
      if (
        ts.isJsxAttribute(node) &&
        ['aria-label', 'alt', 'title', 'placeholder', 'label', 'hint'].includes(node.name.getText()) &&
        node.initializer &&
        ts.isStringLiteral(node.initializer) &&
        /\p{L}/u.test(node.initializer.text)
      ) {
        found.push(`${file}: ${node.getText()}`)
      }
      ts.forEachChild(node, walk)
    }
    walk(tree)
  }
  expect(found).toEqual([])
})
