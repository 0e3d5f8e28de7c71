import { useStore } from '@nanostores/react'
import { type ReactNode, useRef } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { useCart } from '../cart/cart'
import { CartBar } from '../cart/cart-bar'
import { chosen, ownName, preload } from '../i18n/locale'
import { useText } from '../i18n/use-text'
import { Announcer } from '../ui/announce'
import { Icon } from '../ui/icon'
import { shopLocales, useShop } from './config'
import { shopText } from './messages'
import { useOnline } from './online'
import { type Theme, theme } from './theme'

export function Layout({ children }: { children: ReactNode }) {
  const t = useText(shopText)
  const online = useOnline()
  return (
    <div className="flex min-h-dvh flex-col">
      <a className="skip" href="#content">
        {t.skip}
      </a>
      <Header />
      {!online && (
        <p role="status" className="flex items-center justify-center gap-2 bg-warn-bg px-4 py-2 text-center text-warn">
          <Icon name="offline" /> {t.offline}
        </p>
      )}
      <main id="content" tabIndex={-1} className="flex-1">
        {children}
      </main>
      <Footer />
      <CartBar />
      <Announcer />
    </div>
  )
}

function Header() {
  const t = useText(shopText)
  const { config } = useShop()
  const { count } = useCart()
  return (
    <header className="z-30 border-b border-line bg-surface md:sticky md:top-0">
      <div className="mx-auto flex w-full max-w-6xl flex-wrap items-center gap-x-2 gap-y-1 px-3 py-2 sm:px-6">
        <Link
          href="/"
          className="mr-auto flex min-h-11 min-w-32 flex-1 basis-0 items-center gap-2 sm:gap-3"
          aria-label={t.home({ shop: config.tenant.name })}
        >
          <Logo />
          <span className="line-clamp-2 leading-tight font-bold sm:text-lg">{config.tenant.name}</span>
        </Link>
        <SearchBox />
        <div className="flex items-center">
          <LanguageButton />
          <ThemeButton className="hidden min-[26rem]:inline-flex" />
          <Link href="/account" className="btn btn-plain px-2" aria-label={t.account}>
            <Icon name="user" className="size-6" />
          </Link>
          <Link href="/cart" className="btn btn-plain relative px-2" aria-label={t.cartCount(count)}>
            <Icon name="bag" className="size-6" />
            {count > 0 && (
              <span className="absolute top-0 right-0 grid h-5 min-w-5 place-items-center rounded-full bg-brand px-1 text-xs font-bold text-on-brand tabular-nums">
                {count}
              </span>
            )}
          </Link>
        </div>
      </div>
    </header>
  )
}

function Logo() {
  const { config } = useShop()
  if (config.branding.logo_url) {
    return (
      <img src={config.branding.logo_url} alt="" className="size-10 rounded-xl object-contain" width={40} height={40} />
    )
  }
  return (
    <span
      aria-hidden="true"
      className="grid size-10 shrink-0 place-items-center rounded-xl bg-brand text-xl font-bold text-on-brand"
    >
      {[...config.tenant.name][0]?.toUpperCase()}
    </span>
  )
}

function SearchBox() {
  const t = useText(shopText)
  const { config } = useShop()
  const [, go] = useLocation()
  const [params] = useSearchParams()
  const input = useRef<HTMLInputElement>(null)
  return (
    <search className="order-last w-full md:order-none md:w-72 lg:w-96">
      <form
        action="/search"
        className="relative"
        onSubmit={e => {
          e.preventDefault()
          const q = input.current?.value.trim() ?? ''
          go(q ? `/search?q=${encodeURIComponent(q)}` : '/')
        }}
      >
        <input
          ref={input}
          key={params.get('q')}
          name="q"
          type="search"
          enterKeyHint="search"
          defaultValue={params.get('q') ?? ''}
          className="input rounded-full pr-12 pl-4"
          aria-label={t.searchIn({ shop: config.tenant.name })}
          placeholder={t.search}
        />
        <button
          type="submit"
          className="absolute top-0 right-0 grid size-11 place-items-center rounded-full"
          aria-label={t.search}
        >
          <Icon name="search" />
        </button>
      </form>
    </search>
  )
}

function LanguageButton() {
  const { config, locale } = useShop()
  if (shopLocales(config).length < 2) return null
  const other = locale === 'zh' ? 'en' : 'zh'
  return (
    <button
      type="button"
      className="btn btn-plain px-2 text-sm"
      lang={other}
      onClick={async () => {
        await preload(other)
        chosen.set(other)
      }}
    >
      {ownName[other]}
    </button>
  )
}

const nextTheme: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }
const themeIcon = { system: 'auto', light: 'sun', dark: 'moon' } as const

function ThemeButton({ className }: { className: string }) {
  const t = useText(shopText)
  const now = useStore(theme)
  const label = { system: t.themeSystem, light: t.themeLight, dark: t.themeDark }[now]
  return (
    <button
      type="button"
      className={`btn btn-plain px-2 ${className}`}
      aria-label={label}
      title={label}
      onClick={() => theme.set(nextTheme[now])}
    >
      <Icon name={themeIcon[now]} className="size-6" />
    </button>
  )
}

function Footer() {
  const t = useText(shopText)
  const { config } = useShop()
  const { contact, tenant } = config
  return (
    <footer className="border-t border-line bg-surface">
      <div className="mx-auto grid w-full max-w-6xl gap-6 px-4 py-8 sm:grid-cols-3 sm:px-6">
        <section>
          <h2 className="font-semibold">{tenant.name}</h2>
          <p className="mt-1 flex items-center gap-2 text-soft">
            <Icon name="clock" /> {t.poweredBy}
          </p>
          <p className="mt-1 flex items-start gap-2 text-sm text-soft">
            <Icon name="lock" className="mt-0.5 size-4" /> {t.secure}
          </p>
          <ThemeButton className="-ml-2 min-[26rem]:hidden" />
        </section>
        <nav aria-labelledby="footer-help">
          <h2 id="footer-help" className="font-semibold">
            {t.help}
          </h2>
          <ul>
            <li>
              <Link href="/orders" className="link">
                {t.findOrder}
              </Link>
            </li>
            <li>
              <Link href="/account" className="link">
                {t.account}
              </Link>
            </li>
          </ul>
        </nav>
        {contact && (contact.email || contact.phone || contact.address) && (
          <section>
            <h2 className="font-semibold">{t.contact}</h2>
            <ul>
              {contact.phone && (
                <li>
                  <a className="link" href={`tel:${contact.phone}`}>
                    <Icon name="phone" /> {contact.phone}
                  </a>
                </li>
              )}
              {contact.email && (
                <li>
                  <a className="link" href={`mailto:${contact.email}`}>
                    <Icon name="mail" /> {contact.email}
                  </a>
                </li>
              )}
              {contact.address && (
                <li className="flex items-start gap-2 py-2 text-soft">
                  <Icon name="pin" /> {contact.address}
                </li>
              )}
            </ul>
          </section>
        )}
      </div>
    </footer>
  )
}
