// The API reference: RapiDoc on our own OpenAPI document, with no font, script or proxy from elsewhere.
import 'rapidoc'

const dark = matchMedia('(prefers-color-scheme: dark)').matches
const viewer = document.createElement('rapi-doc')
const settings: Record<string, string> = {
  'spec-url': '/api/v1/openapi.json',
  theme: dark ? 'dark' : 'light',
  'primary-color': dark ? '#38d9a9' : '#087f5b',
  'load-fonts': 'false',
  'regular-font': 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
  'mono-font': 'ui-monospace, monospace',
  'render-style': 'focused',
  'show-header': 'false',
  'show-method-in-nav-bar': 'as-colored-text',
  'use-path-in-nav-bar': 'false',
  'allow-server-selection': 'false',
  'schema-style': 'table',
}
for (const [name, value] of Object.entries(settings)) viewer.setAttribute(name, value)

// What is tried out here goes with the session of this browser, and so needs the header that no other site can send.
viewer.addEventListener('before-try', event => {
  const { request } = (event as CustomEvent<{ request: Request }>).detail
  request.headers.set('X-Allhours', '1')
})
document.getElementById('docs')?.append(viewer)
