import { createRoot } from 'react-dom/client'
import { queries } from './api/queries'
import { App } from './app'
import { locale, preload } from './i18n/locale'
import { configQuery } from './shop/config'
import { applyTheme } from './shop/theme'
import './main.css'

async function start(root: HTMLElement): Promise<void> {
  applyTheme()
  locale.listen(() => {}) // keeps the language alive between screens
  // The shop decides which languages there are, so its settings come first; whatever fails here is shown by the app itself.
  await queries.prefetchQuery({ ...configQuery, retry: false })
  await preload(locale.get()).catch(() => {})
  createRoot(root).render(<App />)
}

// After a new release an old page may ask for a part that is gone: load the new page, at most once a minute.
window.addEventListener('vite:preloadError', event => {
  if (Date.now() - Number(sessionStorage.getItem('allhours.reloaded')) < 60_000) return
  sessionStorage.setItem('allhours.reloaded', String(Date.now()))
  event.preventDefault()
  location.reload()
})

const root = document.getElementById('root')
if (root) void start(root)
