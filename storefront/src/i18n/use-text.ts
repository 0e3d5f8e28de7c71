import type { Messages } from '@nanostores/i18n'
import { useStore } from '@nanostores/react'
import { locale } from './locale'

/** useText gives a component its words in the customer's language and re-renders it when the language changes. */
export function useText<M extends Messages>(messages: M): M['value'] & {} {
  return useStore(messages) as M['value'] & {}
}

export const useLocale = () => useStore(locale)
