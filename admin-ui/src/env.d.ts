declare module '@tabler/icons-react/dist/esm/icons/*.mjs' {
  // biome-ignore lint/style/noRestrictedImports: only its type
  import type { Icon } from '@tabler/icons-react'

  const icon: Icon
  export default icon
}
declare module 'rapidoc'
