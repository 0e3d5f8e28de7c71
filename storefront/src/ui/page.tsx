import { type ReactNode, useEffect, useRef } from 'react'
import { useShop } from '../shop/config'
import { announce } from './announce'

let first = true

/** Page names the screen in the tab and to screen readers, and puts the focus at its top when one comes from another screen. */
export function Page(props: { title: string; narrow?: boolean; hideTitle?: boolean; children: ReactNode }) {
  const { config } = useShop()
  const heading = useRef<HTMLHeadingElement>(null)

  useEffect(() => {
    document.title = props.title === config.tenant.name ? props.title : `${props.title} · ${config.tenant.name}`
  }, [props.title, config.tenant.name])

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the screen appears
  useEffect(() => {
    if (!first) {
      window.scrollTo(0, 0)
      heading.current?.focus({ preventScroll: true })
      announce(props.title)
    }
    first = false
  }, [])

  return (
    <div className={props.narrow ? 'narrow' : 'page'}>
      <h1 ref={heading} tabIndex={-1} className={props.hideTitle ? 'sr-only' : 'mb-5 text-2xl font-bold sm:text-3xl'}>
        {props.title}
      </h1>
      {props.children}
    </div>
  )
}
