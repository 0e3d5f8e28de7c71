import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import type { Category, ProductCard } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { shopText } from '../shop/messages'
import { useWays } from '../shop/ways'
import { Icon } from '../ui/icon'
import { Empty, Failure } from '../ui/notice'
import { Chips } from './categories'
import { catalogText } from './messages'
import { Picture } from './picture'
import { CardPrice, Stock } from './price'
import { type Sort, shelfQuery, sorts } from './queries'

type Props = { categories: Category[]; category: string | undefined; q: string | undefined }

export function ShelfView({ categories, category, q }: Props) {
  const t = useText(catalogText)
  const { config } = useShop()
  const [search, setSearch] = useSearchParams()
  const asked = search.get('sort') ?? ''
  const sort = sorts.includes(asked) ? (asked as Sort) : ''
  const shelf = { ...(category ? { category } : {}), ...(q ? { q } : {}), ...(sort ? { sort } : {}) }
  const found = useInfiniteQuery({ ...shelfQuery(shelf), placeholderData: keepPreviousData })
  const cards = found.data?.pages.flatMap(p => p.items) ?? []
  const wide = config.tenant.industry === 'hospitality'

  return (
    <div className="flex flex-col gap-4">
      {!category && !q && <Welcome />}
      <div className="flex flex-col gap-3 sm:flex-row sm:items-center sm:justify-between">
        <div className="min-w-0 sm:flex-1">
          <Chips categories={categories} current={category} />
        </div>
        {!wide && (
          <label className="flex items-center gap-2 self-end text-sm">
            <span className="sr-only sm:not-sr-only">{t.sort}</span>
            <select
              className="input w-auto"
              aria-label={t.sort}
              value={sort}
              onChange={e => {
                const value = e.currentTarget.value
                setSearch(now => {
                  now.delete('sort')
                  if (value) now.set('sort', value)
                  return now
                })
              }}
            >
              <option value="">{q ? t.sortBest : t.sortNewest}</option>
              <option value="title">{t.sortName}</option>
              <option value="price">{t.sortPriceUp}</option>
              <option value="-price">{t.sortPriceDown}</option>
            </select>
          </label>
        )}
      </div>

      {found.isPending && <Skeletons wide={wide} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && !cards.length && <Nothing q={q} />}
      {cards.length > 0 && (
        <ul
          className={
            wide
              ? 'grid gap-5 md:grid-cols-2'
              : 'grid grid-cols-1 gap-3 min-[300px]:grid-cols-2 sm:gap-5 md:grid-cols-3 lg:grid-cols-4'
          }
          aria-busy={found.isPlaceholderData}
        >
          {cards.map((card, i) => (
            <li key={card.id}>
              {wide ? <RoomCard card={card} eager={i < 2} /> : <GoodsCard card={card} eager={i < 4} />}
            </li>
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <button
          type="button"
          className="btn mx-auto"
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t.more}
        </button>
      )}
    </div>
  )
}

/** Welcome tells a newcomer in one glance what this shop is and how one gets the goods. */
function Welcome() {
  const t = useText(shopText)
  const { config } = useShop()
  const way = useWays()
  const facts = [{ icon: 'clock' as const, name: t.open }, ...config.fulfilment_types.map(way)]
  return (
    <section className="rounded-3xl bg-brand-tint px-5 py-6 sm:px-8 sm:py-8">
      <p className="text-2xl font-bold text-balance sm:text-3xl" aria-hidden="true">
        {config.tenant.name}
      </p>
      <ul className="mt-3 flex flex-wrap gap-x-5 gap-y-1">
        {facts.map(({ icon, name }) => (
          <li key={name} className="flex items-center gap-2">
            <Icon name={icon} /> {name}
          </li>
        ))}
      </ul>
    </section>
  )
}

function GoodsCard({ card, eager }: { card: ProductCard; eager: boolean }) {
  const { words } = useShop()
  const name = words(card.title)
  return (
    <Link href={`/p/${card.slug}`} className="group card flex h-full flex-col overflow-hidden">
      <Picture
        image={card.image}
        name={name}
        decorative
        eager={eager}
        sizes="(min-width: 1024px) 270px, (min-width: 768px) 33vw, 50vw"
        className={card.availability === 'out' ? 'opacity-60 grayscale' : ''}
      />
      <span className="flex flex-1 flex-col gap-1 p-3 sm:p-4">
        <span className="line-clamp-3 font-medium group-hover:underline">{name}</span>
        <span className="mt-auto flex flex-wrap items-center justify-between gap-1 pt-1">
          <CardPrice card={card} />
          <Stock availability={card.availability} left={card.left ?? null} />
        </span>
      </span>
    </Link>
  )
}

function RoomCard({ card, eager }: { card: ProductCard; eager: boolean }) {
  const t = useText(catalogText)
  const { words } = useShop()
  const name = words(card.title)
  return (
    <Link href={`/p/${card.slug}`} className="group card flex h-full flex-col overflow-hidden">
      <Picture
        image={card.image}
        name={name}
        decorative
        eager={eager}
        sizes="(min-width: 768px) 50vw, 100vw"
        className="aspect-4/3!"
      />
      <span className="flex flex-1 flex-col gap-2 p-5">
        <span className="text-xl font-bold group-hover:underline">{name}</span>
        <span className="line-clamp-3 text-soft">{words(card.description)}</span>
        <span className="mt-auto flex flex-wrap items-center justify-between gap-3 pt-2">
          <CardPrice card={card} />
          {card.availability === 'in_stock' ? (
            <span className="btn btn-main">{t.choose}</span>
          ) : (
            <Stock availability={card.availability} left={card.left ?? null} />
          )}
        </span>
      </span>
    </Link>
  )
}

function Skeletons({ wide }: { wide: boolean }) {
  return (
    <div
      aria-hidden="true"
      className={wide ? 'grid gap-5 md:grid-cols-2' : 'grid grid-cols-2 gap-3 sm:gap-5 md:grid-cols-3 lg:grid-cols-4'}
    >
      {Array.from({ length: wide ? 4 : 8 }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={i} className="skeleton aspect-4/5" />
      ))}
    </div>
  )
}

function Nothing({ q }: { q: string | undefined }) {
  const t = useText(catalogText)
  if (!q) {
    return (
      <Empty icon="bag" title={t.emptyTitle}>
        <p className="text-soft">{t.emptyText}</p>
      </Empty>
    )
  }
  return (
    <Empty icon="search" title={t.noMatchTitle({ q })}>
      <p className="text-soft">{t.noMatchText}</p>
      <Link href="/" className="btn">
        {t.clearSearch}
      </Link>
    </Empty>
  )
}
