import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import { useSay } from '../i18n'
import { uiWords } from './words'

type Props = {
  title: string
  lead?: string
  onClose: () => void
  onSubmit: (event?: FormEvent<HTMLFormElement>) => void
  pending: boolean
  note?: ReactNode
  go: string
  danger?: boolean
  keep?: string
  size?: string
  disabled?: boolean
  children?: ReactNode
}

/** A form in a dialog: says what will happen, then one button that does it and one that does not. */
export function Dialog(props: Props) {
  const say = useSay(uiWords)
  return (
    <Modal opened onClose={props.onClose} title={props.title} size={props.size ?? 'md'}>
      <form onSubmit={props.onSubmit} noValidate>
        <Stack>
          {props.lead && <Text size="sm">{props.lead}</Text>}
          {props.children}
          {props.note}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              {props.keep ?? say('cancel')}
            </Button>
            <Button
              type="submit"
              color={props.danger ? 'red.9' : 'teal'}
              loading={props.pending}
              disabled={props.disabled}
            >
              {props.go}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
