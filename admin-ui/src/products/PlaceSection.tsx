import { Anchor, MultiSelect, Select, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { shopAddress } from '../shell/Nav'
import { Section } from '../ui/Section'
import { categoriesQuery, type Product, taxRatesQuery } from './api'
import type { ProductFormApi } from './ProductPage'
import { productWords } from './words'

const types = ['physical', 'digital', 'food', 'stay', 'service'] as const
const statuses = ['draft', 'active', 'archived'] as const

export function PlaceSection({ form, product }: { form: ProductFormApi; product?: Product }) {
  const say = useSay(productWords)
  const tenant = useTenant()
  const categories = useQuery(categoriesQuery)
  const taxes = useQuery(taxRatesQuery)
  const classes = new Set(['standard', form.values.tax_class, ...(taxes.data?.rates ?? []).map(rate => rate.tax_class)])
  return (
    <Section title={say('organize')}>
      <Stack gap="sm">
        <Select
          label={say('status')}
          allowDeselect={false}
          data={statuses.map(value => ({ value, label: say(`status.${value}`) }))}
          {...form.getInputProps('status')}
        />
        <Select
          label={say('type')}
          allowDeselect={false}
          data={types.map(value => ({ value, label: say(`type.${value}`) }))}
          {...form.getInputProps('type')}
        />
        <MultiSelect
          label={say('categories')}
          searchable
          clearable
          data={(categories.data?.items ?? []).map(one => ({ value: one.id, label: inWords(one.title) }))}
          {...form.getInputProps('category_ids')}
        />
        <Select
          label={say('taxClass')}
          allowDeselect={false}
          data={[...classes].filter(Boolean)}
          {...form.getInputProps('tax_class')}
        />
        <TextInput label={say('slug')} description={say('slug.hint')} maxLength={120} {...form.getInputProps('slug')} />
        {product?.status === 'active' && (
          <Anchor size="sm" href={`${shopAddress(tenant.slug)}p/${product.slug}`} target="_blank" rel="noreferrer">
            {say('viewInShop')}
          </Anchor>
        )}
      </Stack>
    </Section>
  )
}
