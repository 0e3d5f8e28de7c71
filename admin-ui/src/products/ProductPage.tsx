import { Alert, Button, Grid, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { asProblem } from '../api/problem'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A, useGo } from '../ui/A'
import { DirtyGuard, SaveBar } from '../ui/dirty'
import { useSendForm } from '../ui/form'
import { Loaded, Page } from '../ui/Page'
import { uiWords } from '../ui/words'
import { createProduct, type Product, priceListsQuery, productQuery, saveProduct } from './api'
import { type Draft, draftOf, emptyDraft, inputOf } from './draft'
import { GeneralSection } from './GeneralSection'
import { MediaSection } from './MediaSection'
import { OptionsSection } from './OptionsSection'
import { PlaceSection } from './PlaceSection'
import { ProductStatus } from './ProductsPage'
import { VariantsSection } from './VariantsSection'
import { productWords } from './words'

export function NewProductPage() {
  const say = useSay(productWords)
  const go = useGo()
  return (
    <Page title={say('new')} back={<Back />}>
      <ProductForm initial={emptyDraft()} onSaved={product => go(`/products/${product.id}`)} />
    </Page>
  )
}

export function ProductPage() {
  const say = useSay(productWords)
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const query = useQuery(productQuery(id))
  const product = query.data
  return (
    <Page
      title={product ? inWords(product.title) : say('edit.title')}
      back={<Back />}
      badge={product && <ProductStatus of={product.status} />}
    >
      <Loaded query={query}>
        {product => <ProductForm key={product.id} initial={draftOf(product)} product={product} />}
      </Loaded>
    </Page>
  )
}

function Back() {
  const say = useSay(productWords)
  return (
    <A to="/products" size="sm">
      ‹ {say('title')}
    </A>
  )
}

export type ProductFormApi = ReturnType<typeof useSendForm<Draft, Product>>['form']

function ProductForm({
  initial,
  product,
  onSaved,
}: {
  initial: Draft
  product?: Product
  onSaved?: (product: Product) => void
}) {
  const say = useSay(productWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const lists = useQuery(priceListsQuery)
  const isLeaving = useRef(false)
  const [shown, setShown] = useState(product?.version)
  const { form, submit, note, pending, error } = useSendForm<Draft, Product>({
    initialValues: initial,
    validate: { title: texts => (Object.values(texts).some(text => text.trim()) ? null : ui('required')) },
    send: draft =>
      product
        ? saveProduct(product.id, { ...inputOf(draft), version: shown ?? product.version })
        : createProduct(inputOf(draft)),
    done: saved => {
      isLeaving.current = !product
      show(saved)
      notifications.show({ message: say('saved') })
      client.setQueryData(productQuery(saved.id).queryKey, saved)
      void client.invalidateQueries({ queryKey: ['products', 'list'] })
      void client.invalidateQueries({ queryKey: ['inventory'] })
      onSaved?.(saved)
    },
  })
  function show(product: Product) {
    form.setInitialValues(draftOf(product))
    form.reset()
    setShown(product.version)
  }
  // What a colleague saved is shown at once, but never over what is being written: then saving tells of the conflict.
  useEffect(() => {
    if (product && product.version !== shown && !form.isDirty()) show(product)
  })
  const isConflict = error ? asProblem(error).code === 'version_conflict' : false
  const readOnly = !can('products:write')

  return (
    <form onSubmit={submit} noValidate>
      <fieldset disabled={readOnly} style={{ border: 0, margin: 0, padding: 0, minInlineSize: 0 }}>
        <Grid>
          <Grid.Col span={{ base: 12, lg: 8 }}>
            <Stack>
              <GeneralSection form={form} />
              <OptionsSection form={form} />
              <VariantsSection form={form} lists={lists.data?.items ?? []} product={product} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 4 }}>
            <Stack>
              <PlaceSection form={form} product={product} />
              <MediaSection product={product} />
            </Stack>
          </Grid.Col>
        </Grid>
      </fieldset>
      <Stack mt="md" gap="sm">
        {isConflict && product ? (
          <Alert color="yellow" role="alert" title={say('conflict')}>
            <Button size="xs" onClick={() => void client.resetQueries({ queryKey: productQuery(product.id).queryKey })}>
              {say('conflict.load')}
            </Button>
          </Alert>
        ) : (
          note
        )}
        {!readOnly && (
          <SaveBar pending={pending} dirty={form.isDirty()} label={product ? say('save') : say('create')} />
        )}
      </Stack>
      <DirtyGuard isDirty={() => form.isDirty() && !isLeaving.current} />
    </form>
  )
}
