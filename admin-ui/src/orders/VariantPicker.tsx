import { Loader, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { searchVariants, type Variant } from '../products/api'
import type { Chosen } from './ChosenLines'
import { orderWords } from './words'

/** Finds what can be sold by name or SKU. */
export function VariantPicker({ onPick }: { onPick: (chosen: Chosen) => void }) {
  const say = useSay(orderWords)
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), 200)
  const found = useQuery({ queryKey: ['products', 'variants', q], queryFn: () => searchVariants(q) })
  const hits = found.data ?? []
  return (
    <Select
      label={say('new.find')}
      placeholder={say('new.find.hint')}
      searchable
      clearable
      value={null}
      searchValue={typed}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      rightSection={found.isFetching ? <Loader size="xs" /> : undefined}
      maxDropdownHeight={320}
      data={hits.map(({ product, variant }) => ({
        value: variant.id ?? variant.sku,
        label: [inWords(product.title), optionText(variant), variant.sku, stockText(variant)]
          .filter(Boolean)
          .join(' · '),
        disabled: variant.stock ? variant.stock.available <= 0 : false,
      }))}
      onChange={id => {
        const hit = hits.find(({ variant }) => variant.id === id)
        if (!hit?.variant.id) return
        const { product, variant } = hit
        onPick({
          variant_id: hit.variant.id,
          sku: variant.sku,
          title: [inWords(product.title), optionText(variant)].filter(Boolean).join(', '),
          price: basePrice(variant),
          quantity: variant.quantity_min || 1,
          step: variant.quantity_step || 1,
          min: variant.quantity_min || 1,
          max: variant.quantity_max || undefined,
        })
        setTyped('')
      }}
    />
  )

  function stockText(variant: Variant) {
    if (!variant.stock) return ''
    return variant.stock.available > 0 ? say('new.left', { count: variant.stock.available }) : say('new.out')
  }
}

function optionText(variant: Variant) {
  return Object.values(variant.options ?? {}).join(', ')
}

function basePrice(variant: Variant) {
  const [cheapestTier] = [...variant.prices].sort((a, b) => a.min_quantity - b.min_quantity)
  return cheapestTier?.amount ?? 0
}
