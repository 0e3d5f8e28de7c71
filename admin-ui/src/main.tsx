import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import '@mantine/spotlight/styles.css'
import 'mantine-datatable/styles.css'
import './app.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { newClient } from './api/queries'
import { i18n, useSay } from './i18n'
import { newRouter } from './router'
import { cssVariables, themeIn } from './theme'
import { uiWords } from './ui/words'

const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? ''
setNonce(nonce)

// A chunk of an older release is gone: load the page of the new release, once.
addEventListener('vite:preloadError', event => {
  const at = 'allhours-reloaded-for'
  if (sessionStorage.getItem(at) === location.href) return
  sessionStorage.setItem(at, location.href)
  event.preventDefault()
  location.reload()
})

const client = newClient()
const router = newRouter(client)
i18n.on('languageChanged', () => void client.invalidateQueries())

function App() {
  const say = useSay(uiWords)
  return (
    <MantineProvider
      theme={themeIn(say)}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={client}>
        <Notifications position="bottom-right" />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
