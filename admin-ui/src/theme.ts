import { type CSSVariablesResolver, createTheme, DEFAULT_THEME, rem } from '@mantine/core'
import type { Say } from './i18n'

// One accent, AA contrast in both schemes. Mantine's own dimmed, placeholder, error and "light" colours stay below 4.5:1.
export const themeIn = (say: Say<'close' | 'password.show' | 'remove'>) =>
  createTheme({
    primaryColor: 'teal',
    primaryShade: { light: 9, dark: 9 },
    autoContrast: true,
    respectReducedMotion: true,
    cursorType: 'pointer',
    defaultRadius: 'md',
    fontFamily:
      'system-ui,-apple-system,"Segoe UI","PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC",sans-serif',
    headings: { fontWeight: '650', sizes: { h1: { fontSize: rem(24), lineHeight: '1.3' }, h2: { fontSize: rem(18) } } },
    components: {
      Badge: { defaultProps: { variant: 'light', radius: 'sm', tt: 'none', fw: 600, miw: 'max-content' } },
      Modal: { defaultProps: { closeButtonProps: { 'aria-label': say('close') } } },
      Drawer: { defaultProps: { position: 'right', size: 'lg', closeButtonProps: { 'aria-label': say('close') } } },
      Notification: { defaultProps: { closeButtonProps: { 'aria-label': say('close') } } },
      PasswordInput: { defaultProps: { visibilityToggleButtonProps: { 'aria-label': say('password.show') } } },
      Pill: { defaultProps: { removeButtonProps: { 'aria-label': say('remove') } } },
      Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
      ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    },
  })

const colors = Object.keys(DEFAULT_THEME.colors)

function light(to: (color: string) => string) {
  return Object.fromEntries(colors.map(color => [`--mantine-color-${color}-light-color`, to(color)]))
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--allhours-page': 'var(--mantine-color-gray-0)',
    ...light(color => `color-mix(in oklab, var(--mantine-color-${color}-9) 65%, black)`),
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-anchor': 'var(--mantine-color-teal-4)',
    '--allhours-page': 'var(--mantine-color-dark-8)',
    ...light(color => `color-mix(in oklab, var(--mantine-color-${color}-3) 80%, white)`),
  },
})
