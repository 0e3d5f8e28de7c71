import { useEffect, useRef } from 'react'
import { Link } from 'wouter'
import type { Category } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { catalogText } from './messages'

/** Chips is the row of categories; the one in use is scrolled into view. */
export function Chips({ categories, current }: { categories: Category[]; current?: string | undefined }) {
  const t = useText(catalogText)
  const { words } = useShop()
  const row = useRef<HTMLUListElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the row fills or the choice changes
  useEffect(() => {
    const chip = row.current?.querySelector<HTMLElement>('[aria-current="page"]')
    if (chip && row.current)
      row.current.scrollLeft = chip.offsetLeft - row.current.clientWidth / 2 + chip.clientWidth / 2
  }, [categories, current])
  if (!categories.length) return null
  return (
    <nav aria-label={t.categories} className="-mx-4 sm:mx-0">
      <ul ref={row} className="rail relative flex gap-2 overflow-x-auto px-4 py-1 sm:px-0">
        <li>
          <Link href="/" className="chip" aria-current={current ? undefined : 'page'}>
            {t.all}
          </Link>
        </li>
        {categories.map(c => (
          <li key={c.id}>
            <Link href={`/c/${c.slug}`} className="chip" aria-current={c.slug === current ? 'page' : undefined}>
              {words(c.title)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
