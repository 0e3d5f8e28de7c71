import { Badge, Button, Group, Image, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs'
import IconPlus from '@tabler/icons-react/dist/esm/icons/IconPlus.mjs'
import IconUpload from '@tabler/icons-react/dist/esm/icons/IconUpload.mjs'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { DataTableColumn } from 'mantine-datatable'
import { useCan, useTenant } from '../api/session'
import { languages, useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A, ButtonLink } from '../ui/A'
import { money, number } from '../ui/format'
import { List, wideOnly } from '../ui/List'
import { useListState } from '../ui/listState'
import { Page } from '../ui/Page'
import { ProblemNote } from '../ui/Problem'
import { Status, type Tone } from '../ui/Status'
import { uiWords } from '../ui/words'
import { bulkProducts, categoriesQuery, type Product, productKeys, productsQuery } from './api'
import { productWords } from './words'

const tones: Record<string, Tone> = { draft: 'quiet', active: 'good', archived: 'over' }

export function ProductsPage() {
  const say = useSay(productWords)
  const can = useCan()
  const state = useListState(productKeys)
  const query = useInfiniteQuery(productsQuery(state.search))
  const categories = useQuery(categoriesQuery)
  return (
    <Page
      title={say('title')}
      actions={
        <>
          <ButtonLink to="/products/categories" variant="default">
            {say('categories')}
          </ButtonLink>
          <Button
            component="a"
            href="/api/v1/exports/products.csv"
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {say('export')}
          </Button>
          {can('imports:write') && (
            <ButtonLink to="/products/import" variant="default" leftSection={<IconUpload size={16} aria-hidden />}>
              {say('import')}
            </ButtonLink>
          )}
          {can('products:write') && (
            <ButtonLink to="/products/new" leftSection={<IconPlus size={16} aria-hidden />}>
              {say('new')}
            </ButtonLink>
          )}
        </>
      }
    >
      <List
        name="products"
        state={state}
        query={query}
        columns={useColumns()}
        rowId={product => product.id}
        rowLabel={product => inWords(product.title)}
        search={say('search')}
        savable
        views={[
          { id: 'active', label: say('status.active'), search: { status: 'active' } },
          { id: 'draft', label: say('view.draft'), search: { status: 'draft' } },
          { id: 'low', label: say('view.low'), search: { stock: 'low' } },
          { id: 'out', label: say('view.out'), search: { stock: 'out' } },
        ]}
        filters={[
          {
            key: 'status',
            label: say('status'),
            options: (['draft', 'active', 'archived'] as const).map(value => ({
              value,
              label: say(`status.${value}`),
            })),
          },
          {
            key: 'category',
            label: say('category'),
            options: (categories.data?.items ?? []).map(one => ({ value: one.id, label: inWords(one.title) })),
          },
        ]}
        empty={{
          title: say('empty.title'),
          text: say('empty.text'),
          action: can('products:write') && <ButtonLink to="/products/new">{say('new')}</ButtonLink>,
        }}
        bulk={can('products:write') ? (products, clear) => <Bulk products={products} onDone={clear} /> : undefined}
      />
    </Page>
  )
}

function useColumns(): DataTableColumn<Product>[] {
  const say = useSay(productWords)
  const { currency, languages: spoken } = useTenant()
  return [
    {
      accessor: 'title',
      title: say('product'),
      render: product => {
        const missing = (spoken ?? []).filter(one => !product.title[one])
        return (
          <Group gap="sm" wrap="nowrap">
            {product.media[0] ? (
              <Image src={`${product.media[0].url}?w=200`} alt="" w={36} h={36} radius="sm" fit="cover" />
            ) : (
              <div
                style={{ width: 36, height: 36, borderRadius: 4, background: 'var(--mantine-color-default-hover)' }}
              />
            )}
            <div>
              <A to={`/products/${product.id}`} fw={600} size="sm" lineClamp={1}>
                {inWords(product.title)}
              </A>
              <Text size="xs" c="dimmed">
                {product.variants.length === 1
                  ? product.variants[0]?.sku
                  : say('variants', { count: product.variants.length })}
              </Text>
            </div>
            {missing.map(one => (
              <Badge key={one} color="yellow" size="sm">
                {say('missing.language', { language: nameOf(one) })}
              </Badge>
            ))}
          </Group>
        )
      },
    },
    {
      accessor: 'status',
      ...wideOnly,
      title: say('status'),
      width: 130,
      render: ({ status }) => <ProductStatus of={status} />,
    },
    {
      accessor: 'price',
      title: say('price'),
      width: 140,
      textAlign: 'right',
      noWrap: true,
      render: product => priceText(product),
    },
    { accessor: 'stock', title: say('stock'), width: 120, textAlign: 'right', render: product => stockText(product) },
  ]

  function priceText({ variants }: Product) {
    const amounts = variants
      .filter(v => v.status === 'active')
      .flatMap(v => v.prices.filter(p => p.min_quantity <= 1).map(p => p.amount))
    if (amounts.length === 0) return '–'
    const least = Math.min(...amounts)
    const text = money(least, currency)
    return least === Math.max(...amounts) ? text : say('price.from', { amount: text })
  }

  function stockText({ variants }: Product) {
    const active = variants.filter(v => v.status === 'active')
    if (active.some(v => !v.tracked)) return say('stock.unlimited')
    const available = active.reduce((sum, v) => sum + (v.stock?.available ?? 0), 0)
    return available > 0 ? number(available) : <Status tone="bad">{say('stock.out')}</Status>
  }
}

export function ProductStatus({ of }: { of: string }) {
  const say = useSay(productWords)
  const key = `status.${of}`
  return <Status tone={tones[of] ?? 'quiet'}>{key in productWords.en ? say(key as 'status.draft') : of}</Status>
}

export function nameOf(language: string) {
  return language in languages ? languages[language as keyof typeof languages] : language
}

function Bulk({ products, onDone }: { products: Product[]; onDone: () => void }) {
  const say = useSay(productWords)
  const ui = useSay(uiWords)
  const client = useQueryClient()
  const [asked, { open, close }] = useDisclosure()
  const act = useMutation({
    mutationFn: (action: 'activate' | 'draft' | 'archive') =>
      bulkProducts(
        products.map(product => product.id),
        action,
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['products'] })
      close()
      onDone()
    },
  })
  return (
    <>
      <Button
        size="xs"
        variant="light"
        loading={act.isPending && act.variables === 'activate'}
        onClick={() => act.mutate('activate')}
      >
        {say('bulk.activate')}
      </Button>
      <Button
        size="xs"
        variant="light"
        loading={act.isPending && act.variables === 'draft'}
        onClick={() => act.mutate('draft')}
      >
        {say('bulk.draft')}
      </Button>
      <Button size="xs" variant="light" color="red" onClick={open}>
        {say('bulk.archive')}
      </Button>
      <ProblemNote error={act.error} />
      <Modal opened={asked} onClose={close} title={say('bulk.archive')}>
        <Stack>
          <Text size="sm">{say('bulk.archive.text')}</Text>
          <Text size="sm" fw={600}>
            {products.map(product => inWords(product.title)).join(', ')}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {ui('cancel')}
            </Button>
            <Button color="red.9" loading={act.isPending} onClick={() => act.mutate('archive')}>
              {say('bulk.archive')}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
