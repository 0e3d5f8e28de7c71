import { MantineProvider, TextInput } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import { Problem } from '../api/problem'
import { useSendForm } from './form'

afterEach(cleanup)

function Form({ send }: { send: (values: { slug: string }) => Promise<unknown> }) {
  const { form, submit, note } = useSendForm({
    initialValues: { slug: '' },
    validate: { slug: v => (v ? null : 'Fill this in.') },
    send,
  })
  return (
    <form onSubmit={submit}>
      <TextInput label="slug" {...form.getInputProps('slug')} />
      {note}
      <button type="submit">go</button>
    </form>
  )
}

function show(send: (values: { slug: string }) => Promise<unknown>) {
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient()}>
        <Form send={send} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

const refuse = (status: number, fields: Record<string, string>) => () =>
  Promise.reject(new Problem(status, 'c', 'Refused', 'It was refused.', fields, 'r-9', undefined))

test('what is empty is not sent, and the field says so and has the focus', async () => {
  const send = vi.fn()
  show(send)
  await userEvent.click(screen.getByText('go'))
  expect(send).not.toHaveBeenCalled()
  expect(await screen.findByText('Fill this in.')).toBeTruthy()
  expect(screen.getByLabelText('slug').getAttribute('aria-invalid')).toBe('true')
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText('slug')))
})

test('the server’s refusal stands beside its field, and nowhere else', async () => {
  show(refuse(422, { slug: 'is taken' }))
  await userEvent.type(screen.getByLabelText('slug'), 'noodles')
  await userEvent.click(screen.getByText('go'))
  expect(await screen.findByText('is taken')).toBeTruthy()
  expect(screen.queryByRole('alert')).toBeNull()
})

test('a refusal of something that has no field here is told with the request id', async () => {
  show(refuse(409, { country: 'is unknown' }))
  await userEvent.type(screen.getByLabelText('slug'), 'noodles')
  await userEvent.click(screen.getByText('go'))
  const alert = await screen.findByRole('alert')
  expect(alert.textContent).toContain('It was refused.')
  expect(alert.textContent).toContain('country: is unknown')
  expect(alert.textContent).toContain('r-9')
})
