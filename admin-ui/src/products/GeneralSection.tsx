import { SimpleGrid, Textarea, TextInput } from '@mantine/core'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { Section } from '../ui/Section'
import type { ProductFormApi } from './ProductPage'
import { nameOf } from './ProductsPage'
import { productWords } from './words'

/** Title and description side by side in the languages of the shop. */
export function GeneralSection({ form }: { form: ProductFormApi }) {
  const say = useSay(productWords)
  const tenant = useTenant()
  const spoken = tenant.languages?.length ? tenant.languages : [tenant.language || 'en']
  return (
    <Section title={say('general')}>
      <SimpleGrid cols={{ base: 1, sm: Math.min(spoken.length, 2) }}>
        {spoken.map((language, index) => (
          <div key={language}>
            <TextInput
              label={say('titleIn', { language: nameOf(language) })}
              lang={language}
              required={index === 0}
              maxLength={300}
              {...form.getInputProps(`title.${language}`)}
              value={form.values.title[language] ?? ''}
              error={form.errors[`title.${language}`] ?? (index === 0 ? form.errors.title : undefined)}
            />
            <Textarea
              mt="sm"
              label={say('descriptionIn', { language: nameOf(language) })}
              lang={language}
              autosize
              minRows={3}
              maxRows={12}
              maxLength={20_000}
              {...form.getInputProps(`description.${language}`)}
              value={form.values.description[language] ?? ''}
            />
          </div>
        ))}
      </SimpleGrid>
    </Section>
  )
}
