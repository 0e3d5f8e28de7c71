import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { useSay } from '../i18n'
import { uiWords } from './words'

/** Asks before a half-filled form is left, by a link, the back button or by closing the tab. */
export function DirtyGuard({ isDirty }: { isDirty: () => boolean }) {
  const say = useSay(uiWords)
  const blocker = useBlocker({ shouldBlockFn: isDirty, enableBeforeUnload: isDirty, withResolver: true })
  return (
    <Modal opened={blocker.status === 'blocked'} onClose={() => blocker.reset?.()} title={say('dirty.title')}>
      <Stack>
        <Text size="sm">{say('dirty.text')}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => blocker.proceed?.()}>
            {say('dirty.leave')}
          </Button>
          <Button data-autofocus onClick={() => blocker.reset?.()}>
            {say('dirty.stay')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** The bar with the one button that saves; it stays in sight while there is something to save. */
export function SaveBar({ pending, dirty, label }: { pending: boolean; dirty: boolean; label: string }) {
  const say = useSay(uiWords)
  return (
    <Group
      justify="flex-end"
      gap="md"
      p="sm"
      pos="sticky"
      bottom={0}
      bg="var(--mantine-color-body)"
      style={{ borderTop: '1px solid var(--mantine-color-default-border)', zIndex: 4 }}
    >
      {dirty && (
        <Text size="sm" c="dimmed" role="status">
          {say('unsaved')}
        </Text>
      )}
      <Button type="submit" loading={pending}>
        {label}
      </Button>
    </Group>
  )
}
