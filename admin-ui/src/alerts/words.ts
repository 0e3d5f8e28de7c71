import { words } from '../i18n'

export const severityWords = words(
  'severity',
  { info: 'Info', warning: 'Warning', critical: 'Critical' },
  { info: '提示', warning: '警告', critical: '严重' },
)
