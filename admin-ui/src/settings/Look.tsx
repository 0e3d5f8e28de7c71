import { Box, Button, ColorInput, FileButton, Group, Image, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useSay } from '../i18n'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { addPicture, type Tenant } from './api'
import { isColor, textOn } from './contrast'
import type { SettingsForm } from './SettingsPage'
import { settingWords } from './words'

const accepted = 'image/jpeg,image/png,image/webp'

/** Logo and colour, with the shop's header as they make it. */
export function Look({ form, tenant, readOnly }: { form: SettingsForm; tenant: Tenant; readOnly: boolean }) {
  const say = useSay(settingWords)
  const { color } = form.values.branding
  const text = isColor(color) ? textOn(color) : undefined
  return (
    <Section title={say('look')}>
      <Stack gap="sm">
        <Logo form={form} tenant={tenant} readOnly={readOnly} />
        <ColorInput
          label={say('color')}
          format="hex"
          withEyeDropper={false}
          disabled={readOnly}
          {...form.getInputProps('branding.color')}
        />
        {text && (
          <Group gap="sm" role="status">
            <Box
              aria-hidden
              px="md"
              py={6}
              style={{ background: color, color: text.color, borderRadius: 8, fontWeight: 600, fontSize: 14 }}
            >
              {say('color.sample')}
            </Box>
            <Text size="sm" c="dimmed">
              {say(`color.on.${text.name}`, { ratio: text.ratio.toFixed(1) })}
            </Text>
          </Group>
        )}
        <Text size="xs" c="dimmed">
          {say('color.hint')}
        </Text>
      </Stack>
    </Section>
  )
}

function Logo({ form, tenant, readOnly }: { form: SettingsForm; tenant: Tenant; readOnly: boolean }) {
  const say = useSay(settingWords)
  const id = form.values.branding.logo_media_id
  const [isLost, setIsLost] = useState(false)
  const add = useMutation({
    mutationFn: addPicture,
    onSuccess: picture => {
      setIsLost(false)
      form.setFieldValue('branding.logo_media_id', picture.id)
    },
  })
  return (
    <div role="group" aria-label={say('logo')}>
      <Text size="sm" fw={600} mb={4}>
        {say('logo')}
      </Text>
      <Group gap="sm">
        {id && !isLost ? (
          <Image
            src={`/media/${tenant.id}/${id}?w=400`}
            alt={say('logo.now')}
            w={72}
            h={72}
            radius="md"
            fit="contain"
            bg="white"
            onError={() => setIsLost(true)}
            style={{ border: '1px solid var(--mantine-color-default-border)' }}
          />
        ) : (
          <Text size="sm" c="dimmed">
            {say('logo.none')}
          </Text>
        )}
        {!readOnly && (
          <Group gap="xs">
            <FileButton accept={accepted} onChange={file => file && add.mutate(file)}>
              {props => (
                <Button {...props} size="xs" variant="default" loading={add.isPending}>
                  {id ? say('logo.change') : say('logo.add')}
                </Button>
              )}
            </FileButton>
            {id && (
              <Button
                size="xs"
                variant="default"
                onClick={() => form.setFieldValue('branding.logo_media_id', undefined)}
              >
                {say('logo.remove')}
              </Button>
            )}
          </Group>
        )}
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        {say('logo.hint')}
      </Text>
      <ProblemNote error={add.error} />
      {form.errors['branding.logo_media_id'] && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {form.errors['branding.logo_media_id']}
        </Text>
      )}
    </div>
  )
}
