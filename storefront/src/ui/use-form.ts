import { type FormEvent, useState } from 'react'
import { Problem } from '../api/problem'

export type FieldError = { name: string; message: string }

/**
 * useForm holds the errors of a form: its own, found before sending, and those the server names. "turn" grows with every failed
 * attempt, so that the summary takes the focus each time. An error that belongs to no field is "failure".
 */
export function useForm(names: readonly string[]) {
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
        const named = error instanceof Problem ? error.fields.filter(f => names.includes(f.name)) : []
        if (named.length) setErrors(named)
        else setFailure(error)
      } finally {
        setBusy(false)
      }
    }
  }
}
