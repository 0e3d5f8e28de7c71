import { QueryClientProvider, useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect } from 'react'
import { Link, Route, Switch } from 'wouter'
import { queries } from './api/queries'
import { Home } from './catalog/home'
import { useLocale, useText } from './i18n/use-text'
import { ClosedShop, ShopUnreachable, whyClosed } from './shop/closed'
import { configQuery } from './shop/config'
import { Layout } from './shop/layout'
import { shopText } from './shop/messages'
import { Empty } from './ui/notice'
import { Page } from './ui/page'

const ProductPage = lazy(() => import('./catalog/product-page'))
const CartPage = lazy(() => import('./cart/cart-page'))
const Checkout = lazy(() => import('./checkout/checkout'))
const OrderPage = lazy(() => import('./orders/order-page'))
const Orders = lazy(() => import('./orders/find-order'))
const Return = lazy(() => import('./payments/return'))
const Account = lazy(() => import('./customers/account'))

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Shop />
    </QueryClientProvider>
  )
}

function Shop() {
  const { data, error, isPending, refetch } = useQuery(configQuery)
  const locale = useLocale()
  useEffect(() => {
    document.documentElement.lang = locale === 'zh' ? 'zh-CN' : 'en'
  }, [locale])

  const closed = whyClosed(error, data?.tenant.status)
  if (closed) return <ClosedShop why={closed} />
  if (isPending) return <main className="page" aria-busy="true" />
  if (!data) return <ShopUnreachable error={error} retry={() => void refetch()} />
  return (
    <Layout>
      <Suspense fallback={<div className="page" aria-busy="true" />}>
        <Switch>
          <Route path="/" component={Home} />
          <Route path="/search" component={Home} />
          <Route path="/c/:category" component={Home} />
          <Route path="/p/:slug" component={ProductPage} />
          <Route path="/cart" component={CartPage} />
          <Route path="/checkout" component={Checkout} />
          <Route path="/o/:id" component={OrderPage} />
          <Route path="/orders" component={Orders} />
          <Route path="/return" component={Return} />
          <Route path="/account/*?" component={Account} />
          <Route component={Missing} />
        </Switch>
      </Suspense>
    </Layout>
  )
}

function Missing() {
  const t = useText(shopText)
  return (
    <Page title={t.missingTitle} hideTitle>
      <Empty icon="search" title={t.missingTitle}>
        <p className="text-soft">{t.missingText}</p>
        <Link href="/" className="btn btn-main">
          {t.toShop}
        </Link>
      </Empty>
    </Page>
  )
}
