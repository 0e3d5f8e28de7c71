import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'wouter'
import { Problem } from '../api/problem'
import type { Product } from '../api/shapes'
import { useText } from '../i18n/use-text'
import { useShop } from '../shop/config'
import { shopText } from '../shop/messages'
import { Icon } from '../ui/icon'
import { Empty, Failure } from '../ui/notice'
import { Page } from '../ui/page'
import { catalogText } from './messages'
import { Picker } from './picker'
import { Picture } from './picture'
import { About } from './product-about'
import { productQuery } from './queries'
import { useStockUpdates } from './stock-updates'

export default function ProductPage() {
  const { slug = '' } = useParams<{ slug: string }>()
  const s = useText(shopText)
  const t = useText(catalogText)
  const { words } = useShop()
  const found = useQuery(productQuery(slug))
  useStockUpdates()

  if (found.error instanceof Problem && found.error.status === 404) {
    return (
      <Page title={s.missingTitle} hideTitle>
        <Empty icon="search" title={s.missingTitle}>
          <p className="text-soft">{s.missingText}</p>
          <Link href="/" className="btn btn-main">
            {s.toShop}
          </Link>
        </Empty>
      </Page>
    )
  }
  if (found.isError && !found.data)
    return (
      <div className="page">
        <Failure error={found.error} retry={() => void found.refetch()} />
      </div>
    )
  if (!found.data)
    return (
      <div className="page">
        <div className="skeleton h-96" aria-hidden="true" />
      </div>
    )
  const product = found.data
  return (
    <Page title={words(product.title)} hideTitle key={product.id}>
      <nav aria-label={t.categories} className="mb-2">
        <Link href="/" className="link">
          <Icon name="back" /> {s.toShop}
        </Link>
      </nav>
      <div className="grid gap-6 md:grid-cols-2 md:gap-10">
        <Gallery product={product} />
        <div className="flex flex-col gap-4">
          <p className="text-2xl leading-tight font-bold text-balance sm:text-3xl" aria-hidden="true">
            {words(product.title)}
          </p>
          <Picker product={product} />
          <About product={product} />
        </div>
      </div>
    </Page>
  )
}

function Gallery({ product }: { product: Product }) {
  const t = useText(catalogText)
  const { words } = useShop()
  const [shown, setShown] = useState(0)
  const name = words(product.title)
  const sizes = '(min-width: 1152px) 536px, (min-width: 768px) 50vw, 100vw'
  return (
    <div className="flex flex-col gap-3">
      <Picture image={product.media[shown]} name={name} eager sizes={sizes} className="rounded-3xl" />
      {product.media.length > 1 && (
        <ul className="rail flex gap-2 overflow-x-auto p-1">
          {product.media.map((image, i) => (
            <li key={image.url} className="w-20 shrink-0">
              <button
                type="button"
                aria-pressed={i === shown}
                aria-label={t.picture({ n: i + 1, of: product.media.length })}
                className="block overflow-hidden rounded-xl border-2 border-transparent aria-pressed:border-brand-edge"
                onClick={() => setShown(i)}
              >
                <Picture image={image} name={name} decorative sizes="80px" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
