import {
  ActionIcon,
  Button,
  Group,
  Indicator,
  Popover,
  ScrollArea,
  Stack,
  Text,
  Tooltip,
  UnstyledButton,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import IconBell from '@tabler/icons-react/dist/esm/icons/IconBell.mjs'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { markRead, notificationsQuery } from '../alerts/api'
import { Severity } from '../alerts/Severity'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { usePath } from '../ui/A'
import { ago } from '../ui/format'
import { ProblemNote } from '../ui/Problem'
import { shellWords } from './words'

/** What happened that this person should know; new entries appear by themselves. */
export function Bell() {
  const say = useSay(shellWords)
  const path = usePath()
  const client = useQueryClient()
  const [opened, { toggle, close }] = useDisclosure()
  const notifications = useQuery(notificationsQuery)
  const unread = notifications.data?.unread ?? 0
  const items = notifications.data?.items ?? []
  const read = useMutation({
    mutationFn: markRead,
    onSuccess: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  const label = unread ? say('notifications.unread', { count: unread }) : say('notifications')
  return (
    <Popover opened={opened} onChange={close} width={340} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label={label}>
          <Indicator disabled={unread === 0} label={unread > 99 ? '99+' : unread} size={16} color="red.9" offset={6}>
            <ActionIcon size={36} aria-label={label} aria-expanded={opened} onClick={toggle}>
              <IconBell size={20} />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label={say('notifications')}>
        <Group justify="space-between" p="sm">
          <Text fw={600}>{say('notifications')}</Text>
          {unread > 0 && (
            <Button size="compact-xs" variant="subtle" onClick={() => read.mutate('all')}>
              {say('notifications.read')}
            </Button>
          )}
        </Group>
        <ScrollArea.Autosize mah={420} viewportProps={{ tabIndex: 0 }}>
          {notifications.isError && <ProblemNote error={notifications.error} />}
          {items.length === 0 && !notifications.isError && (
            <Text size="sm" c="dimmed" p="sm">
              {say('notifications.none')}
            </Text>
          )}
          <Stack gap={0} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
            {items.map(item => (
              <li key={item.id}>
                <UnstyledButton
                  component={Link}
                  to={path(item.link || '/incidents') as never}
                  display="block"
                  p="sm"
                  bg={item.read_at ? undefined : 'var(--mantine-color-default-hover)'}
                  onClick={() => {
                    if (!item.read_at) read.mutate([item.id])
                    close()
                  }}
                >
                  <Group gap={6} wrap="nowrap">
                    <Severity of={item.severity} iconOnly />
                    <Text size="sm" fw={item.read_at ? 400 : 600}>
                      {inWords(item.title)}
                    </Text>
                  </Group>
                  <Text size="xs" c="dimmed">
                    {inWords(item.body)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {ago(item.created_at)}
                  </Text>
                </UnstyledButton>
              </li>
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  )
}
