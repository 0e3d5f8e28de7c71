import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Link } from 'wouter'
import type { Category, ProductCard } from '../api/shapes'
import { basket, useCart } from '../cart/cart'
import { CartPanel } from '../cart/cart-panel'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { announce } from '../ui/announce'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'
import { Failure } from '../ui/notice'
import { Stepper } from '../ui/stepper'
import { catalogText } from './messages'
import { Picker } from './picker'
import { Picture } from './picture'
import { CardPrice, Stock } from './price'
import { About } from './product-about'
import { productQuery, shelfQuery } from './queries'
import { useScrollSpy } from './scroll-spy'

/** Menu is one long list in sections with a rail beside it, as in a restaurant; a dish opens as a sheet over it. */
export function Menu({ categories, start }: { categories: Category[]; start: string | undefined }) {
  const t = useText(catalogText)
  const { words, locale } = useShop()
  const sections = categories.length ? categories : [{ id: 'all', slug: '', title: { [locale]: t.menu } }]
  const { current, go } = useScrollSpy(sections.map(s => `menu-${s.slug}`))
  const rail = useRef<HTMLUListElement>(null)
  const [open, setOpen] = useState<string>()
  const jumped = useRef(false)

  useEffect(() => {
    if (!start || jumped.current || !categories.length) return
    jumped.current = true
    go(`menu-${start}`)
  }, [start, categories, go])

  // biome-ignore lint/correctness/useExhaustiveDependencies: when another section comes under the eye
  useEffect(() => {
    const chip = rail.current?.querySelector<HTMLElement>('[aria-current="true"]')
    if (chip && rail.current)
      rail.current.scrollTo({ left: chip.offsetLeft - rail.current.clientWidth / 2 + chip.clientWidth / 2 })
  }, [current])

  return (
    <div className="grid gap-4 min-[600px]:grid-cols-[8rem_1fr] lg:grid-cols-[9rem_1fr_20rem] lg:gap-8">
      <nav aria-label={t.categories} className="sticky top-0 z-10 -mx-4 self-start bg-page min-[600px]:mx-0 md:top-20">
        <ul
          ref={rail}
          className="rail relative flex gap-2 overflow-x-auto px-4 py-2 min-[600px]:flex-col min-[600px]:px-0"
        >
          {sections.map(s => (
            <li key={s.id}>
              <a
                href={`#menu-${s.slug}`}
                className="chip min-[600px]:w-full min-[600px]:rounded-xl min-[600px]:whitespace-normal"
                aria-current={current === `menu-${s.slug}` ? 'true' : undefined}
                onClick={e => {
                  e.preventDefault()
                  go(`menu-${s.slug}`)
                }}
              >
                {words(s.title)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div className="flex flex-col gap-8 [&>section:last-child]:min-h-[70dvh]">
        {sections.map((s, i) => (
          <Section
            key={s.id}
            id={`menu-${s.slug}`}
            title={words(s.title)}
            category={s.slug}
            eager={i === 0}
            onOpen={setOpen}
          />
        ))}
      </div>
      <div>
        <CartPanel />
      </div>
      {open && <DishSheet slug={open} onClose={() => setOpen(undefined)} />}
    </div>
  )
}

type SectionProps = { id: string; title: string; category: string; eager: boolean; onOpen: (slug: string) => void }

function Section({ id, title, category, eager, onOpen }: SectionProps) {
  const t = useText(catalogText)
  const found = useInfiniteQuery(shelfQuery(category ? { category } : {}, 100))
  const cards = found.data?.pages.flatMap(p => p.items) ?? []
  return (
    <section id={id} aria-labelledby={`${id}-title`} className="scroll-mt-0">
      <h2 id={`${id}-title`} tabIndex={-1} className="mb-2 text-xl font-bold">
        {title}
      </h2>
      {found.isPending && <div className="skeleton h-40" aria-hidden="true" />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      <ul className="card divide-y divide-line">
        {cards.map(card => (
          <Dish key={card.id} card={card} eager={eager} onOpen={() => onOpen(card.slug)} />
        ))}
      </ul>
      {found.hasNextPage && (
        <button type="button" className="btn mt-3" onClick={() => void found.fetchNextPage()}>
          {t.more}
        </button>
      )}
    </section>
  )
}

function Dish({ card, eager, onOpen }: { card: ProductCard; eager: boolean; onOpen: () => void }) {
  const t = useText(catalogText)
  const { words } = useShop()
  const { quantityOf } = useCart()
  const [adding, setAdding] = useState(false)
  const name = words(card.title)
  const out = card.availability === 'out'
  const inCart = card.variant_id ? quantityOf(card.variant_id) : 0

  async function addOne(variant: string) {
    setAdding(true)
    try {
      await basket.add({ variant_id: variant, quantity: 1 })
      announce(t.added({ name }))
    } catch {
      onOpen() // the sheet shows what the rule is
    } finally {
      setAdding(false)
    }
  }

  return (
    <li className="relative flex gap-3 p-3 sm:gap-4 sm:p-4">
      <div className="hidden w-24 shrink-0 min-[300px]:block sm:w-28">
        <Picture
          image={card.image}
          name={name}
          decorative
          eager={eager}
          sizes="112px"
          className={`rounded-xl ${out ? 'opacity-60 grayscale' : ''}`}
        />
      </div>
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <h3 className="font-semibold">
          <Link
            href={`/p/${card.slug}`}
            className="after:absolute after:inset-0 after:content-['']"
            onClick={e => {
              if (e.metaKey || e.ctrlKey || e.shiftKey) return
              e.preventDefault()
              onOpen()
            }}
          >
            {name}
          </Link>
        </h3>
        {words(card.description) && <p className="line-clamp-2 text-sm text-soft">{words(card.description)}</p>}
        <div className="mt-auto flex flex-wrap items-center justify-between gap-2">
          <span className="flex flex-wrap items-center gap-2">
            <CardPrice card={card} />
            <Stock availability={card.availability} left={card.left ?? null} />
          </span>
          {!out && (
            <span className="relative">
              {card.variant_id && inCart > 0 ? (
                <Stepper
                  name={name}
                  value={inCart}
                  min={0}
                  max={card.left ?? undefined}
                  onChange={n => basket.set(card.variant_id ?? '', n)}
                />
              ) : (
                <button
                  type="button"
                  className="btn btn-main rounded-full"
                  disabled={adding}
                  aria-label={card.variant_id ? t.addShort({ name }) : t.chooseOne({ name })}
                  onClick={() => (card.variant_id ? void addOne(card.variant_id) : onOpen())}
                >
                  {card.variant_id ? <Icon name="plus" /> : t.choose}
                </button>
              )}
            </span>
          )}
        </div>
      </div>
    </li>
  )
}

function DishSheet({ slug, onClose }: { slug: string; onClose: () => void }) {
  const { words } = useShop()
  const found = useQuery(productQuery(slug))
  const product = found.data
  return (
    <Dialog title={words(product?.title)} onClose={onClose}>
      {found.isError && (
        <div className="p-6 pt-16">
          <Failure error={found.error} retry={() => void found.refetch()} />
        </div>
      )}
      {found.isPending && <div className="skeleton h-96" aria-hidden="true" />}
      {product && (
        <>
          {product.media[0] && (
            <Picture
              image={product.media[0]}
              name={words(product.title)}
              eager
              sizes="(min-width: 640px) 512px, 100vw"
              className="aspect-16/10!"
            />
          )}
          <div className="flex flex-col gap-4 p-5 sm:p-6">
            <h2 className="pr-10 text-2xl font-bold">{words(product.title)}</h2>
            <Picker product={product} onAdded={onClose} />
            <About product={product} />
          </div>
        </>
      )}
    </Dialog>
  )
}
