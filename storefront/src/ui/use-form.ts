import { type FormEvent, useState } from 'react'
import { Problem } from '../api/problem'

export type FieldError = { name: string; message: string }

/**
 * useForm holds the errors of a form: its own, found before sending, and those the server names. "turn" grows with every failed
 * attempt, so that the summary takes the focus each time. An error that belongs to no field is "failure".
 */
export function useForm(names: readonly string[], aliases: Record<string, string> = {}) {
  const [errors, setErrors] = useState<FieldError[]>([])
  const [failure, setFailure] = useState<unknown>()
  const [turn, setTurn] = useState(0)
  const [busy, setBusy] = useState(false)

  return {
    errors,
    failure,
    turn,
    busy,
    of: (name: string) => errors.find(e => e.name === name)?.message,
    async submit(event: FormEvent | undefined, check: () => FieldError[], send: () => Promise<unknown>) {
      event?.preventDefault()
      if (busy) return
      const own = check()
      setErrors(own)
      setFailure(undefined)
      setTurn(turn + 1)
      if (own.length) return
      setBusy(true)
      try {
        await send()
      } catch (error) {
        const told = error instanceof Problem ? error.fields.map(f => ({ ...f, name: aliases[f.name] ?? f.name })) : []
        if (told.some(f => names.includes(f.name)))
          setErrors(told.map(f => (names.includes(f.name) ? f : { ...f, name: '' })))
        else setFailure(error)
      } finally {
        setBusy(false)
      }
    }
  }
}
