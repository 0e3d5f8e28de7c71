import {
  ActionIcon,
  Button,
  Center,
  Container,
  Group,
  Image,
  Paper,
  Stack,
  Text,
  Title,
  Tooltip,
  useMantineColorScheme,
} from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import IconMoon from '@tabler/icons-react/dist/esm/icons/IconMoon.mjs'
import type { ReactNode } from 'react'
import { language, languages, speak, useSay } from '../i18n'
import { authWords } from './words'

/** The frame of the pages before sign-in. */
export function AuthFrame(props: {
  title: string
  lead?: string
  wide?: boolean
  children: ReactNode
  below?: ReactNode
}) {
  const say = useSay(authWords)
  const { toggleColorScheme } = useMantineColorScheme()
  const other = language() === 'zh' ? 'en' : 'zh'
  useDocumentTitle(`${props.title} · Allhours`)
  return (
    <Center mih="100dvh" py="xl">
      <Container size={props.wide ? 640 : 440} w="100%">
        <Group justify="space-between" mb="md" component="header">
          <Group gap="xs">
            <Image src={`${import.meta.env.BASE_URL}icon.svg`} alt="" w={32} h={32} />
            <div>
              <Text fw={700}>Allhours</Text>
              <Text size="xs" c="dimmed">
                {say('tagline')}
              </Text>
            </div>
          </Group>
          <Group gap={4}>
            <Button variant="subtle" color="gray" size="xs" lang={other} onClick={() => void speak(other)}>
              {languages[other]}
            </Button>
            <Tooltip label={say('theme')}>
              <ActionIcon size={30} aria-label={say('theme')} onClick={toggleColorScheme}>
                <IconMoon size={18} />
              </ActionIcon>
            </Tooltip>
          </Group>
        </Group>
        <Paper withBorder p="lg" component="main">
          <Stack>
            <div>
              <Title order={1} size="h3">
                {props.title}
              </Title>
              {props.lead && (
                <Text size="sm" c="dimmed">
                  {props.lead}
                </Text>
              )}
            </div>
            {props.children}
          </Stack>
        </Paper>
        {props.below && (
          <Group justify="center" gap={6} mt="md" component="footer">
            {props.below}
          </Group>
        )}
      </Container>
    </Center>
  )
}
