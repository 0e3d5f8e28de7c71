import { type ComponentPropsWithRef, type ReactNode, useEffect, useId, useRef } from 'react'
import { useText } from '../i18n/use-text'
import { Icon } from './icon'
import { uiText } from './messages'

type Common = { name: string; label: string; hint?: string; error?: string | undefined; required?: boolean }

const ids = (name: string, p: Common, base: string) => ({
  id: `field-${name}`,
  describedBy: [p.hint && `${base}-hint`, p.error && `${base}-error`].filter(Boolean).join(' ') || undefined
})

function Frame(props: Common & { base: string; children: ReactNode }) {
  const t = useText(uiText)
  return (
    <div>
      <label htmlFor={`field-${props.name}`} className="mb-1 block font-medium">
        {props.label}
        {!props.required && <span className="ml-2 text-sm font-normal text-soft">{t.optional}</span>}
      </label>
      {props.hint && (
        <p id={`${props.base}-hint`} className="mb-1 text-sm text-soft">
          {props.hint}
        </p>
      )}
      {props.children}
      {props.error && (
        <p id={`${props.base}-error`} className="mt-1 flex items-start gap-1 text-sm font-medium text-bad">
          <Icon name="alert" className="mt-0.5 size-4" />
          {props.error}
        </p>
      )}
    </div>
  )
}

/** Field is a labelled input with its hint and its error tied to it. */
export function Field({ name, label, hint, error, required, ...input }: Common & ComponentPropsWithRef<'input'>) {
  const base = useId()
  const common = { name, label, ...(hint ? { hint } : {}), error, required: !!required }
  const { id, describedBy } = ids(name, common, base)
  return (
    <Frame {...common} base={base}>
      <input
        {...input}
        id={id}
        name={name}
        className="input"
        aria-describedby={describedBy}
        aria-invalid={error ? true : undefined}
        aria-required={required || undefined}
      />
    </Frame>
  )
}

export function Area({ name, label, hint, error, required, ...area }: Common & ComponentPropsWithRef<'textarea'>) {
  const base = useId()
  const common = { name, label, ...(hint ? { hint } : {}), error, required: !!required }
  const { id, describedBy } = ids(name, common, base)
  return (
    <Frame {...common} base={base}>
      <textarea
        rows={3}
        {...area}
        id={id}
        name={name}
        className="input"
        aria-describedby={describedBy}
        aria-invalid={error ? true : undefined}
      />
    </Frame>
  )
}

export function Select({ name, label, hint, error, required, ...select }: Common & ComponentPropsWithRef<'select'>) {
  const base = useId()
  const common = { name, label, ...(hint ? { hint } : {}), error, required: !!required }
  const { id, describedBy } = ids(name, common, base)
  return (
    <Frame {...common} base={base}>
      <select
        {...select}
        id={id}
        name={name}
        className="input"
        aria-describedby={describedBy}
        aria-invalid={error ? true : undefined}
      />
    </Frame>
  )
}

/** ErrorSummary takes the focus when it appears and links to each field that must be mended. */
export function ErrorSummary(props: { title: string; errors: { name?: string; message: string }[]; turn?: number }) {
  const ref = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each failed attempt (turn) brings the reader back here
  useEffect(() => {
    ref.current?.focus()
    ref.current?.scrollIntoView?.({ block: 'center' })
  }, [props.turn])
  return (
    <div ref={ref} tabIndex={-1} role="alert" className="rounded-2xl border-2 border-bad bg-bad-bg p-4">
      <h2 className="flex items-center gap-2 font-semibold text-bad">
        <Icon name="alert" /> {props.title}
      </h2>
      {props.errors.length > 0 && (
        <ul className="mt-1 pl-7">
          {props.errors.map(e => (
            <li key={(e.name ?? '') + e.message}>
              {e.name ? (
                <a
                  className="inline-flex min-h-11 items-center underline underline-offset-4"
                  href={`#field-${e.name}`}
                  onClick={click => {
                    click.preventDefault()
                    document.getElementById(`field-${e.name}`)?.focus()
                  }}
                >
                  {e.message}
                </a>
              ) : (
                e.message
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
