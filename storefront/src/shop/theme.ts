import { persistentAtom } from '@nanostores/persistent'

export type Theme = 'system' | 'light' | 'dark'

/** theme is the customer's choice on this device; "system" follows the device. */
export const theme = persistentAtom<Theme>('allhours.theme', 'system')

export function applyTheme(): void {
  theme.subscribe(value => {
    if (value === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = value
  })
}
