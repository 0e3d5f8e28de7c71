import { Avatar, Menu, Text, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import IconKeyboard from '@tabler/icons-react/dist/esm/icons/IconKeyboard.mjs'
import IconLanguage from '@tabler/icons-react/dist/esm/icons/IconLanguage.mjs'
import IconLogout from '@tabler/icons-react/dist/esm/icons/IconLogout.mjs'
import IconMoon from '@tabler/icons-react/dist/esm/icons/IconMoon.mjs'
import IconUser from '@tabler/icons-react/dist/esm/icons/IconUser.mjs'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { api } from '../api/client'
import { useMe } from '../api/session'
import { language, languages, speak, useSay } from '../i18n'
import { usePath } from '../ui/A'
import { showKeys } from './Keys'
import { shellWords } from './words'

export function UserMenu() {
  const say = useSay(shellWords)
  const { member, tenant } = useMe()
  const path = usePath()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { toggleColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = language() === 'zh' ? 'en' : 'zh'
  const signOut = useMutation({
    mutationFn: () => api.POST('/api/v1/auth/logout', {}),
    onSettled: () => {
      client.clear()
      void navigate({ to: '/login', search: { shop: tenant.slug } })
    },
  })
  return (
    <Menu width={240} position="bottom-end">
      <Menu.Target>
        <UnstyledButton aria-label={`${say('account')}: ${member.name}`}>
          <Avatar radius="xl" size={34} name={member.name} color="teal" aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
            {member.name}
          </Text>
          <Text size="xs" truncate>
            {member.email}
          </Text>
        </Menu.Label>
        <Menu.Item component={Link} to={path('/account') as never} leftSection={<IconUser size={16} />}>
          {say('account')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLanguage size={16} />} onClick={() => void speak(other)} lang={other}>
          {languages[other]}
        </Menu.Item>
        <Menu.Item
          role="menuitemcheckbox"
          aria-checked={scheme === 'dark'}
          leftSection={<IconMoon size={16} />}
          onClick={toggleColorScheme}
          closeMenuOnClick={false}
        >
          {say('dark')} {scheme === 'dark' ? '✓' : ''}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={showKeys}>
          {say('keysList')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate()}>
          {say('signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
