import { ActionIcon, Button, Group, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
import { useSay } from '../i18n'
import { Section } from '../ui/Section'
import type { ProductFormApi } from './ProductPage'
import { productWords } from './words'

export function OptionsSection({ form }: { form: ProductFormApi }) {
  const say = useSay(productWords)
  const { options } = form.values
  return (
    <Section
      title={say('options')}
      actions={
        options.length < 5 && (
          <Button size="xs" variant="default" onClick={() => form.insertListItem('options', { name: '', values: [] })}>
            {say('options.add')}
          </Button>
        )
      }
    >
      <Text size="sm" c="dimmed">
        {say('options.hint')}
      </Text>
      <Stack gap="sm" mt={options.length > 0 ? 'sm' : 0}>
        {options.map((option, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an option has no other identity while it is typed
          <Group key={index} align="flex-start" wrap="nowrap">
            <TextInput
              label={say('options.name')}
              w={160}
              maxLength={60}
              {...form.getInputProps(`options.${index}.name`)}
            />
            <TagsInput
              label={say('options.values')}
              placeholder={option.values.length === 0 ? say('options.values.hint') : undefined}
              flex={1}
              {...form.getInputProps(`options.${index}.values`)}
            />
            <ActionIcon
              mt={26}
              size={34}
              aria-label={say('options.remove', { name: option.name })}
              onClick={() => remove(index, option.name)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
      </Stack>
    </Section>
  )

  function remove(index: number, name: string) {
    form.removeListItem('options', index)
    form.setFieldValue(
      'variants',
      form.values.variants.map(variant => {
        const { [name]: _, ...others } = variant.options
        return { ...variant, options: others }
      }),
    )
  }
}
