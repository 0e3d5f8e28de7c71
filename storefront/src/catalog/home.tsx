import { useQuery } from '@tanstack/react-query'
import { useParams, useSearchParams } from 'wouter'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { Page } from '../ui/page'
import { Menu } from './menu'
import { catalogText } from './messages'
import { categoriesQuery } from './queries'
import { ShelfView } from './shelf'
import { useStockUpdates } from './stock-updates'

/** Home is the shop's first screen: a menu for those who cook, shelves for all others. Search and category are in the address. */
export function Home() {
  const t = useText(catalogText)
  const { config, words } = useShop()
  const { category } = useParams<{ category?: string }>()
  const [search] = useSearchParams()
  const q = search.get('q')?.trim() || undefined
  const { data: categories = [] } = useQuery(categoriesQuery)
  const here = categories.find(c => c.slug === category)
  useStockUpdates()

  const title = q ? t.found({ q }) : here ? words(here.title) : config.tenant.name
  const menu = config.tenant.industry === 'restaurant' && !q
  return (
    <Page title={title} hideTitle={!q && !here} key={`${category}-${q}`}>
      {menu ? (
        <Menu categories={categories} start={category} />
      ) : (
        <ShelfView categories={categories} category={category} q={q} />
      )}
    </Page>
  )
}
