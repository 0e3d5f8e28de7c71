import type { Image } from '../api/shapes'
import { useShop } from '../shop/config'
import { Icon } from '../ui/icon'

const widths = [200, 400, 800, 1200]

/** sources lists the sizes the server can make of a picture, so that a phone does not load the desk's. */
export const sources = (url: string): string | undefined =>
  url.includes('/media/') ? widths.map(w => `${url}${url.includes('?') ? '&' : '?'}w=${w} ${w}w`).join(', ') : undefined

type Props = {
  image: Image | string | null | undefined
  name: string
  sizes: string
  className?: string
  eager?: boolean
  decorative?: boolean
}

/** Picture keeps its place while it loads; without a picture it shows a quiet stand-in. */
export function Picture({ image, name, sizes, className = '', eager, decorative }: Props) {
  const { words } = useShop()
  const box = `block aspect-square w-full overflow-hidden bg-sunken object-cover ${className}`
  const url = typeof image === 'string' ? image : image?.url
  if (!url) {
    return (
      <span className={`${box} grid! place-items-center text-edge`} aria-hidden="true">
        <Icon name="bag" className="size-1/4" />
      </span>
    )
  }
  const alt = typeof image === 'object' ? words(image?.alt) : ''
  return (
    <img
      src={url}
      srcSet={sources(url)}
      sizes={sizes}
      alt={decorative ? '' : alt || name}
      width={800}
      height={800}
      loading={eager ? 'eager' : 'lazy'}
      decoding="async"
      className={box}
    />
  )
}
