import { Badge, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { ButtonLink } from '../ui/A'
import { Loaded, Page } from '../ui/Page'
import { Empty } from '../ui/Problem'
import { Status } from '../ui/Status'
import { type Plugin, pluginsQuery } from './api'
import { pluginWords } from './words'

export function PluginsPage() {
  const say = useSay(pluginWords)
  const query = useQuery(pluginsQuery)
  return (
    <Page title={say('title')} lead={say('lead')}>
      <Loaded query={query}>
        {({ items }) => {
          const installed = items.filter(one => one.installed)
          const others = items.filter(one => !one.installed)
          return (
            <Stack>
              {items.length === 0 && <Empty title={say('catalog.none')} />}
              {installed.length > 0 && <Shelf title={say('installed')} plugins={installed} />}
              {installed.length === 0 && items.length > 0 && (
                <Text size="sm" c="dimmed">
                  {say('none')}
                </Text>
              )}
              {others.length > 0 && <Shelf title={say('catalog')} plugins={others} />}
            </Stack>
          )
        }}
      </Loaded>
    </Page>
  )
}

function Shelf({ title, plugins }: { title: string; plugins: Plugin[] }) {
  const say = useSay(pluginWords)
  return (
    <section aria-label={title}>
      <Title order={2} size="h4" mb="xs">
        {title}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {plugins.map(plugin => (
          <Paper key={plugin.id} withBorder p="md" component="article">
            <Stack gap="xs" h="100%">
              <Group justify="space-between" align="flex-start">
                <Title order={3} size="h5">
                  {inWords(plugin.name)}
                </Title>
                <InstalledStatus plugin={plugin} />
              </Group>
              <Group gap={4}>
                {plugin.kinds.map(kind => (
                  <Badge key={kind} color="gray" size="sm">
                    {kind === 'payment' ? say('kind.payment') : kind}
                  </Badge>
                ))}
                {plugin.installed?.mode === 'sandbox' && (
                  <Badge color="yellow" size="sm">
                    {say('mode.sandbox')}
                  </Badge>
                )}
              </Group>
              <Text size="sm" flex={1}>
                {inWords(plugin.summary)}
              </Text>
              <Group justify="space-between">
                <Text size="xs" c="dimmed">
                  {say('version', { version: plugin.installed?.version ?? plugin.version })}
                </Text>
                <ButtonLink to={`/plugins/${plugin.id}`} size="xs" variant={plugin.installed ? 'default' : 'filled'}>
                  {plugin.installed ? say('open') : say('install')}
                </ButtonLink>
              </Group>
            </Stack>
          </Paper>
        ))}
      </SimpleGrid>
    </section>
  )
}

export function InstalledStatus({ plugin }: { plugin: Plugin }) {
  const say = useSay(pluginWords)
  if (!plugin.installed) return null
  const { state } = plugin.installed
  return <Status tone={state === 'active' ? 'good' : 'over'}>{say(`state.${state}`)}</Status>
}
