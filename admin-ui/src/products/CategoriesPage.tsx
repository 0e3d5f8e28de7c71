import { ActionIcon, Box, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import IconDown from '@tabler/icons-react/dist/esm/icons/IconArrowDown.mjs'
import IconUp from '@tabler/icons-react/dist/esm/icons/IconArrowUp.mjs'
import IconEdit from '@tabler/icons-react/dist/esm/icons/IconEdit.mjs'
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan, useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { A } from '../ui/A'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { Loaded, Page } from '../ui/Page'
import { Empty, ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { type Category, categoriesQuery, removeCategory, saveCategory } from './api'
import { nameOf } from './ProductsPage'
import { inTree } from './tree'
import { productWords } from './words'

export function CategoriesPage() {
  const say = useSay(productWords)
  const can = useCan()
  const query = useQuery(categoriesQuery)
  const [edited, setEdited] = useState<Category | 'new'>()
  const all = query.data?.items ?? []
  return (
    <Page
      title={say('cat.title')}
      lead={say('cat.lead')}
      back={
        <A to="/products" size="sm">
          ‹ {say('title')}
        </A>
      }
      actions={can('products:write') && <Button onClick={() => setEdited('new')}>{say('cat.new')}</Button>}
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={say('cat.empty')}>{say('cat.lead')}</Empty>
          ) : (
            <Tree items={items} onEdit={setEdited} />
          )
        }
      </Loaded>
      {edited && (
        <Edit category={edited === 'new' ? undefined : edited} all={all} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  )
}

function Tree({ items, onEdit }: { items: Category[]; onEdit: (category: Category) => void }) {
  const say = useSay(productWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const [removed, setRemoved] = useState<Category>()
  const changed = () => client.invalidateQueries({ queryKey: categoriesQuery.queryKey })
  const tree = inTree(items)

  const move = useMutation({
    // Neighbours change places: all brothers get the rank of where they now stand.
    mutationFn: async ({ category, by }: { category: Category; by: -1 | 1 }) => {
      const brothers = tree.filter(row => row.category.parent_id === category.parent_id).map(row => row.category)
      const from = brothers.indexOf(category)
      const other = brothers[from + by]
      if (!other) return
      const order = brothers.map(one => (one === category ? other : one === other ? category : one))
      for (const [rank, one] of order.entries())
        if (one.rank !== rank) await saveCategory({ ...one, parent_id: one.parent_id ?? undefined, rank })
    },
    onSettled: changed,
  })
  const remove = useMutation({
    mutationFn: (category: Category) => removeCategory(category.id),
    onSuccess: () => {
      void changed()
      setRemoved(undefined)
    },
  })

  return (
    <Section title={say('cat.title')}>
      <ProblemNote error={move.error} />
      <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
        {tree.map(({ category, depth, isFirst, isLast }) => (
          <Group key={category.id} component="li" justify="space-between" wrap="nowrap" pl={depth * 24}>
            <Box miw={0}>
              <A to="/products" search={{ category: category.id }} size="sm" fw={500}>
                {inWords(category.title)}
              </A>
              <Text size="xs" c="dimmed">
                {say('cat.count', { count: category.products })}
              </Text>
            </Box>
            {can('products:write') && (
              <Group gap={2} wrap="nowrap">
                <ActionIcon
                  aria-label={`${say('cat.up')}: ${inWords(category.title)}`}
                  disabled={isFirst}
                  onClick={() => move.mutate({ category, by: -1 })}
                >
                  <IconUp size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={`${say('cat.down')}: ${inWords(category.title)}`}
                  disabled={isLast}
                  onClick={() => move.mutate({ category, by: 1 })}
                >
                  <IconDown size={16} />
                </ActionIcon>
                <ActionIcon aria-label={`${ui('edit')}: ${inWords(category.title)}`} onClick={() => onEdit(category)}>
                  <IconEdit size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={`${ui('delete')}: ${inWords(category.title)}`}
                  onClick={() => setRemoved(category)}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Group>
            )}
          </Group>
        ))}
      </Stack>
      {removed && (
        <Dialog
          title={say('cat.delete.title', { name: inWords(removed.title) })}
          lead={say('cat.delete.text')}
          onClose={() => setRemoved(undefined)}
          onSubmit={event => {
            event?.preventDefault()
            remove.mutate(removed)
          }}
          pending={remove.isPending}
          note={<ProblemNote error={remove.error} />}
          go={ui('delete')}
          danger
        />
      )}
    </Section>
  )
}

function Edit({ category, all, onClose }: { category?: Category; all: Category[]; onClose: () => void }) {
  const say = useSay(productWords)
  const ui = useSay(uiWords)
  const tenant = useTenant()
  const client = useQueryClient()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { title: category?.title ?? {}, parent_id: category?.parent_id ?? '', slug: category?.slug ?? '' },
    validate: { title: texts => (Object.values(texts).some(text => text.trim()) ? null : ui('required')) },
    send: ({ title, parent_id, slug }) =>
      saveCategory({
        id: category?.id,
        version: category?.version,
        rank: category?.rank ?? all.length,
        title: Object.fromEntries(Object.entries(title).filter(([, text]) => text.trim())),
        ...(parent_id && { parent_id }),
        ...(slug.trim() && { slug: slug.trim() }),
      }),
    done: () => {
      void client.invalidateQueries({ queryKey: categoriesQuery.queryKey })
      onClose()
    },
  })
  const languages = tenant.languages?.length ? tenant.languages : ['en']
  return (
    <Dialog
      title={category ? say('cat.edit') : say('cat.new')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={ui('save')}
    >
      {languages.map((language, index) => (
        <TextInput
          key={language}
          lang={language}
          label={say('titleIn', { language: nameOf(language) })}
          required={index === 0}
          maxLength={200}
          {...form.getInputProps(`title.${language}`)}
          value={form.values.title[language] ?? ''}
          error={form.errors[`title.${language}`] ?? (index === 0 ? form.errors.title : undefined)}
        />
      ))}
      <Select
        label={say('cat.parent')}
        data={[
          { value: '', label: say('cat.top') },
          ...inTree(all)
            .filter(row => row.category.id !== category?.id)
            .map(row => ({ value: row.category.id, label: `${'– '.repeat(row.depth)}${inWords(row.category.title)}` })),
        ]}
        {...form.getInputProps('parent_id')}
      />
      <TextInput label={say('slug')} description={say('slug.hint')} maxLength={120} {...form.getInputProps('slug')} />
    </Dialog>
  )
}
