import { Accordion, Alert, Badge, Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { money, number } from '../ui/format'
import { Section } from '../ui/Section'
import type { PriceList, Product, VariantInput } from './api'
import { basePrice, emptyVariant, missingChoices, skuFor } from './draft'
import type { ProductFormApi } from './ProductPage'
import { VariantFields } from './VariantFields'
import { productWords } from './words'

type Props = { form: ProductFormApi; lists: PriceList[]; product?: Product }

export function VariantsSection({ form, lists, product }: Props) {
  const say = useSay(productWords)
  const { currency } = useTenant()
  const { variants } = form.values
  const [opened, setOpened] = useState<string | null>(variants.length === 1 ? '0' : null)
  const main =
    lists.find(list => list.default && list.currency === currency) ?? lists.find(list => list.default) ?? lists[0]
  const missing = missingChoices(form.values)

  function add(choices: Record<string, string>[]) {
    // The blank variant of a new product makes room for the real ones.
    const kept = variants.filter(variant => variant.id || variant.sku)
    const [model] = kept
    const made = choices.map(choice => ({
      ...emptyVariant(choice, skuFor(form.values, choice)),
      prices: model?.prices ?? variants[0]?.prices ?? [],
    }))
    form.setFieldValue('variants', [...kept, ...made])
    if (choices.length === 1) setOpened(String(kept.length))
  }

  return (
    <Section
      title={say('variants.title')}
      actions={
        missing.length > 0 ? (
          <Button size="xs" variant="default" onClick={() => add(missing)}>
            {say('variants.all', { count: missing.length })}
          </Button>
        ) : (
          <Button size="xs" variant="default" onClick={() => add([{}])}>
            {say('variants.add')}
          </Button>
        )
      }
    >
      {typeof form.errors.variants === 'string' && (
        <Alert color="red" mb="sm" role="alert">
          {form.errors.variants}
        </Alert>
      )}
      <Accordion value={opened} onChange={setOpened} variant="separated" chevronPosition="left">
        {variants.map((variant, index) => (
          <Accordion.Item key={variant.id ?? `new-${index}`} value={String(index)}>
            <Accordion.Control>{summary(variant)}</Accordion.Control>
            <Accordion.Panel>
              {opened === String(index) && (
                <VariantFields form={form} index={index} lists={lists} main={main} currency={currency} />
              )}
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Section>
  )

  function summary(variant: VariantInput) {
    const price = basePrice(variant, main)
    const stock = product?.variants.find(one => one.id === variant.id)?.stock
    const choice = Object.values(variant.options).filter(Boolean).join(' / ')
    const bad = Object.keys(form.errors).some(path => path.startsWith(`variants.${variants.indexOf(variant)}.`))
    return (
      <Group justify="space-between" pr="sm" gap="xs">
        <Text size="sm" fw={600} c={bad ? 'var(--mantine-color-error)' : undefined}>
          {[variant.sku || say('variants.new'), choice].filter(Boolean).join(' · ')}
        </Text>
        <Group gap="sm">
          {variant.status === 'archived' && <Badge color="gray">{say('status.archived')}</Badge>}
          {stock && (
            <Text size="sm" c="dimmed">
              {say('stock')} {number(stock.available)}
            </Text>
          )}
          <Text size="sm" className="tabular">
            {price === null ? '–' : money(price, main?.currency ?? currency)}
          </Text>
        </Group>
      </Group>
    )
  }
}
