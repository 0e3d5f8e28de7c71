import { useCallback, useEffect, useRef, useState } from 'react'

/**
 * useScrollSpy tells which section is under the eye, by the browser's own scrolling and an observer. A section that was asked for
 * stays current while the page scrolls to it, so the mark does not run through all others, and a short last one can be current too.
 */
export function useScrollSpy(ids: string[]): { current: string | undefined; go: (id: string) => void } {
  const [current, setCurrent] = useState<string>()
  const asked = useRef(false)
  const key = ids.join(' ')

  useEffect(() => {
    const sections = key.split(' ').flatMap(id => document.getElementById(id) ?? [])
    const seen = new Set<string>()
    const observer = new IntersectionObserver(
      entries => {
        for (const e of entries) e.isIntersecting ? seen.add(e.target.id) : seen.delete(e.target.id)
        const top = sections.find(s => seen.has(s.id))
        if (top && !asked.current) setCurrent(top.id)
      },
      { rootMargin: '-30% 0px -65% 0px' }
    )
    for (const s of sections) observer.observe(s)
    setCurrent(now => now ?? sections[0]?.id)
    return () => observer.disconnect()
  }, [key])

  const go = useCallback((id: string) => {
    asked.current = true
    setCurrent(id)
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    const section = document.getElementById(id)
    section?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' })
    section?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true })
    const free = () => {
      asked.current = false
    }
    if ('onscrollend' in window) addEventListener('scrollend', free, { once: true })
    setTimeout(free, 1200) // a jump to where one already is ends without an event
  }, [])

  return { current, go }
}
