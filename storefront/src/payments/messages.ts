import { params } from '@nanostores/i18n'
import { i18n } from '../i18n/locale'

export const payText = i18n('pay', {
  title: params('Pay {total}'),
  scan: 'Scan this code with your payment app',
  scanPhone: 'Open your payment app, or save the code and scan it from your photos',
  qrAlt: params('Payment code for {total}'),
  left: params('Valid for another {time}'),
  soon: 'The payment code is valid for one more minute.',
  expired: 'This code has expired. Nothing was charged.',
  regenerate: 'New code',
  openApp: 'Open the payment app',
  saveImage: 'Save the code as a picture',
  fileName: 'payment-code.png',
  check: 'I have paid',
  checking: 'Asking the payment provider…',
  notYet: 'The provider has not confirmed it yet. This page changes by itself as soon as it does.',
  waiting: 'Waiting for your payment. This page changes by itself.',
  goOn: 'Go to the payment page',
  goOnText: 'You pay on the provider’s secure page and come back here.',
  confirming: 'The payment provider is confirming your payment. This page changes by itself; you need not do anything.',
  failed: 'The payment did not go through. Nothing was charged.',
  again: 'Try again or choose another way to pay',
  pay: params('Pay {total}'),
  starting: 'One moment…',
  other: 'Pay another way',
  paused: 'Live updates are paused. We ask again every few seconds.',
  returning: 'Checking your payment…',
  lostTitle: 'Which order was this?',
  lostText: 'We do not know which payment you come back from. Your confirmation e-mail has the link to your order.',
  findOrder: 'Find my order'
})
