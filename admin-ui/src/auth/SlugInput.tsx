import { Button, Group, Loader, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import IconCheck from '@tabler/icons-react/dist/esm/icons/IconCheck.mjs'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useSay } from '../i18n'
import { isSlug, slugQuery } from './api'
import { authWords } from './words'

type Props = { value?: string; onChange?: (value: string) => void; onType: () => void; error?: ReactNode }

/** The shop's address, checked against the server while it is typed. */
export function SlugInput({ value = '', onChange, onType, error, ...rest }: Props) {
  const say = useSay(authWords)
  const [settled] = useDebouncedValue(value, 300)
  const check = useQuery(slugQuery(settled))
  const current = settled === value && isSlug(value)
  const free = current && check.data?.available === true
  const taken = current && check.data?.available === false

  return (
    <div>
      <TextInput
        label={say('slug')}
        required
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        maxLength={40}
        {...rest}
        value={value}
        onChange={e => {
          onType()
          onChange?.(e.currentTarget.value.toLowerCase().replace(/[\s_]+/g, '-'))
        }}
        error={error ?? (taken ? say('slug.taken') : undefined)}
        rightSectionWidth="auto"
        rightSection={
          <Text size="sm" c="dimmed" px="sm">
            .{location.hostname.split('.').slice(-2).join('.')}
          </Text>
        }
      />
      <Group gap="xs" mt={4} mih={22} role="status">
        {check.isFetching && (
          <>
            <Loader size={14} aria-hidden />
            <Text size="xs" c="dimmed">
              {say('slug.checking')}
            </Text>
          </>
        )}
        {!check.isFetching && free && (
          <>
            <IconCheck size={14} aria-hidden />
            <Text size="xs">{say('slug.free')}</Text>
          </>
        )}
        {taken && check.data?.suggestion && (
          <Button size="compact-xs" variant="light" onClick={() => onChange?.(check.data?.suggestion ?? '')}>
            {say('slug.try', { suggestion: check.data.suggestion })}
          </Button>
        )}
      </Group>
    </div>
  )
}
