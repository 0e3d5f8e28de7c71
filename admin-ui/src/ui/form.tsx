import { type FormRulesRecord, useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import type { FormEvent, ReactNode } from 'react'
import { asProblem } from '../api/problem'
import { ProblemNote } from './Problem'

type Options<V extends Record<string, unknown>, R> = {
  initialValues: V
  validate?: FormRulesRecord<V>
  send: (values: V) => Promise<R>
  done?: (result: R, values: V) => void
}

/**
 * A form whose refusals stand beside the fields that caused them: those found here and those the server names. Anything else is in `note`, which
 * belongs above the buttons.
 */
export function useSendForm<V extends Record<string, unknown>, R>({
  initialValues,
  validate,
  send,
  done,
}: Options<V, R>) {
  const form = useForm<V>({ initialValues, validate: (validate ?? {}) as FormRulesRecord<V> })
  const mutation = useMutation({
    mutationFn: send,
    onSuccess: (result, values) => done?.(result, values),
    onError: error => {
      const { fields } = asProblem(error)
      form.setErrors(fields)
      focusFirst(Object.keys(fields))
    },
  })

  function focusFirst(paths: string[]) {
    const node = paths.map(path => form.getInputNode(path)).find(Boolean)
    node?.focus()
  }

  const fields = mutation.error ? asProblem(mutation.error).fields : {}
  const shown = Object.keys(fields).filter(path => form.getInputNode(path))
  const allShown = shown.length > 0 && shown.length === Object.keys(fields).length
  const note: ReactNode = mutation.error && !allShown ? <ProblemNote error={mutation.error} shown={shown} /> : null
  const submit = (event?: FormEvent<HTMLFormElement>) =>
    form.onSubmit(
      values => mutation.mutate(values as V),
      errors => focusFirst(Object.keys(errors)),
    )(event)

  return {
    form,
    submit,
    note,
    pending: mutation.isPending,
    error: mutation.error,
    sent: mutation.isSuccess,
    reset: mutation.reset,
  }
}
