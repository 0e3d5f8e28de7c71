import { params } from '@nanostores/i18n'
import { i18n } from '../i18n/locale'

export const uiText = i18n('ui', {
  close: 'Close',
  back: 'Back',
  optional: 'optional',
  retry: 'Try again',
  loading: 'Loading…',
  less: params('One less: {name}'),
  more: params('One more: {name}'),
  quantity: 'Quantity',
  errorTitle: 'Something went wrong',
  requestId: params('Reference for support: {id}'),
  networkTitle: 'No answer from the shop',
  networkText: 'Check your connection and try again. Nothing was lost.'
})
