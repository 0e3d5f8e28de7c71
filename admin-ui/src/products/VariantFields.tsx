import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core'
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
import { useSay } from '../i18n'
import { MoneyInput } from '../ui/MoneyInput'
import type { PriceList, VariantInput } from './api'
import { basePrice, withPrice } from './draft'
import type { ProductFormApi } from './ProductPage'
import { productWords } from './words'

type Props = { form: ProductFormApi; index: number; lists: PriceList[]; main?: PriceList; currency: string }

export function VariantFields({ form, index, lists, main, currency }: Props) {
  const say = useSay(productWords)
  const variant = form.values.variants[index]
  if (!variant) return null
  const at = `variants.${index}`
  const input = (name: string) => form.getInputProps(`${at}.${name}`)
  const change = (next: VariantInput) => form.setFieldValue(at, next)
  const others = lists.filter(list => list.id !== main?.id)

  return (
    <Stack gap="sm">
      {form.values.options.some(option => option.name) && (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {form.values.options
            .filter(option => option.name)
            .map(option => (
              <Select
                key={option.name}
                label={option.name}
                data={option.values}
                value={variant.options[option.name] ?? null}
                error={form.errors[`${at}.options.${option.name}`]}
                onChange={value => change({ ...variant, options: { ...variant.options, [option.name]: value ?? '' } })}
              />
            ))}
        </SimpleGrid>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
        <TextInput label={say('sku')} required maxLength={100} spellCheck={false} {...input('sku')} />
        {main && (
          <MoneyInput
            label={say('price')}
            required
            currency={main.currency}
            value={basePrice(variant, main)}
            error={form.errors[`${at}.prices`]}
            onChange={amount => change(withPrice(variant, main, 1, amount))}
          />
        )}
        {variant.tracked && !variant.id && (
          <NumberInput label={say('onHand')} min={0} allowDecimal={false} {...input('on_hand')} />
        )}
        <TextInput label={say('barcode')} maxLength={50} {...input('barcode')} />
        <MoneyInput
          label={say('cost')}
          currency={currency}
          value={variant.cost ?? null}
          onChange={cost => change({ ...variant, cost: cost ?? undefined })}
        />
        <NumberInput label={say('weight')} min={0} allowDecimal={false} {...input('weight_g')} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <NumberInput label={say('min')} min={1} allowDecimal={false} {...input('quantity_min')} />
        <NumberInput
          label={say('max')}
          description={say('max.hint')}
          min={0}
          allowDecimal={false}
          {...input('quantity_max')}
        />
        <NumberInput label={say('step')} min={1} allowDecimal={false} {...input('quantity_step')} />
      </SimpleGrid>
      <Checkbox.Group label={say('fulfilment')} {...input('fulfilment_types')}>
        <Group mt={4}>
          {(['ship', 'pickup', 'digital'] as const).map(type => (
            <Checkbox key={type} value={type} label={say(`fulfilment.${type}`)} />
          ))}
        </Group>
      </Checkbox.Group>
      <Switch
        label={say('tracked')}
        description={say('tracked.hint')}
        {...form.getInputProps(`${at}.tracked`, { type: 'checkbox' })}
      />
      {main && <Tiers variant={variant} list={main} onChange={change} />}
      {others.length > 0 && (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {others.map(list => (
            <MoneyInput
              key={list.id}
              label={say('list.other', { name: list.name })}
              currency={list.currency}
              value={basePrice(variant, list)}
              onChange={amount => change(withPrice(variant, list, 1, amount))}
            />
          ))}
        </SimpleGrid>
      )}
      {(variant.id || form.values.variants.length > 1) && (
        <Group>
          <Button size="xs" variant="subtle" color={variant.status === 'archived' ? 'teal' : 'red'} onClick={archive}>
            {variant.status === 'archived' ? say('variants.restore') : say('variants.remove')}
          </Button>
        </Group>
      )}
    </Stack>
  )

  function archive() {
    if (!variant) return
    if (!variant.id) form.removeListItem('variants', index)
    else change({ ...variant, status: variant.status === 'archived' ? 'active' : 'archived' })
  }
}

function Tiers({
  variant,
  list,
  onChange,
}: {
  variant: VariantInput
  list: PriceList
  onChange: (next: VariantInput) => void
}) {
  const say = useSay(productWords)
  const tiers = variant.prices
    .filter(price => price.price_list_id === list.id && price.min_quantity > 1)
    .sort((a, b) => a.min_quantity - b.min_quantity)
  const last = tiers.at(-1)

  function add() {
    const from = last ? last.min_quantity * 2 : 10
    onChange(withPrice(variant, list, from, last?.amount ?? basePrice(variant, list) ?? 0))
  }
  function move(from: number, to: number, amount: number) {
    if (!Number.isInteger(to) || to < 2 || tiers.some(tier => tier.min_quantity === to)) return
    onChange(withPrice(withPrice(variant, list, from, null), list, to, amount))
  }

  return (
    <Stack gap="xs" role="group" aria-label={say('tiers')}>
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {say('tiers')}
        </Text>
        <Button size="compact-xs" variant="default" onClick={add}>
          {say('tiers.add')}
        </Button>
      </Group>
      {tiers.map(tier => (
        <Group key={tier.min_quantity} align="flex-end" wrap="nowrap">
          <NumberInput
            label={say('tiers.from')}
            min={2}
            allowDecimal={false}
            defaultValue={tier.min_quantity}
            onBlur={e => move(tier.min_quantity, Number(e.currentTarget.value), tier.amount)}
          />
          <MoneyInput
            label={say('tiers.price')}
            currency={list.currency}
            value={tier.amount}
            onChange={amount => amount !== null && onChange(withPrice(variant, list, tier.min_quantity, amount))}
          />
          <ActionIcon
            size={34}
            aria-label={say('tiers.remove')}
            onClick={() => onChange(withPrice(variant, list, tier.min_quantity, null))}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </Stack>
  )
}
