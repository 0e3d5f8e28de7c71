import type { Category } from './api'

type Row = { category: Category; depth: number; isFirst: boolean; isLast: boolean }

/** Categories as rows from the top down, children below their parent, brothers by rank. One whose parent is unknown stands at the top. */
export function inTree(categories: Category[]): Row[] {
  const ids = new Set(categories.map(one => one.id))
  const rows: Row[] = []
  function walk(parent: string, depth: number) {
    const children = categories
      .filter(one => (one.parent_id && ids.has(one.parent_id) ? one.parent_id : '') === parent)
      .sort((a, b) => a.rank - b.rank || a.slug.localeCompare(b.slug))
    children.forEach((category, index) => {
      rows.push({ category, depth, isFirst: index === 0, isLast: index === children.length - 1 })
      if (depth < 10) walk(category.id, depth + 1)
    })
  }
  walk('', 0)
  return rows
}
