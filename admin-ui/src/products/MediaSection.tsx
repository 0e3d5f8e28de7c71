import {
  ActionIcon,
  Box,
  Button,
  FileButton,
  Group,
  Image,
  Modal,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import IconLeft from '@tabler/icons-react/dist/esm/icons/IconArrowLeft.mjs'
import IconRight from '@tabler/icons-react/dist/esm/icons/IconArrowRight.mjs'
import IconEdit from '@tabler/icons-react/dist/esm/icons/IconEdit.mjs'
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { uiWords } from '../ui/words'
import { addMedia, changeMedia, type Media, type Product, productQuery, removeMedia } from './api'
import classes from './MediaSection.module.css'
import { nameOf } from './ProductsPage'
import { productWords } from './words'

const accepted = 'image/jpeg,image/png,image/webp,image/gif'

export function MediaSection({ product }: { product?: Product }) {
  const say = useSay(productWords)
  return (
    <Section title={say('media')}>
      {product ? (
        <Pictures product={product} />
      ) : (
        <Text size="sm" c="dimmed">
          {say('media.first')}
        </Text>
      )}
    </Section>
  )
}

function Pictures({ product }: { product: Product }) {
  const say = useSay(productWords)
  const client = useQueryClient()
  const again = useRef<() => void>(null)
  const [isOver, setIsOver] = useState(false)
  const [edited, setEdited] = useState<Media>()
  const [removed, setRemoved] = useState<Media>()
  const changed = () => client.invalidateQueries({ queryKey: productQuery(product.id).queryKey })
  const add = useMutation({
    mutationFn: async (files: File[]) => {
      const refused: { name: string; error: unknown }[] = []
      for (const file of files)
        await addMedia(product.id, file).catch((error: unknown) => refused.push({ name: file.name, error }))
      return refused
    },
    onSettled: () => {
      again.current?.() // or choosing the same file once more would do nothing
      return changed()
    },
  })
  const move = useMutation({
    mutationFn: ({ id, rank }: { id: string; rank: number }) => changeMedia(id, { rank }),
    onSettled: changed,
  })

  return (
    <Stack gap="sm">
      <Box
        className={classes.drop}
        data-over={isOver || undefined}
        onDragOver={e => {
          e.preventDefault()
          setIsOver(true)
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={e => {
          e.preventDefault()
          setIsOver(false)
          add.mutate([...e.dataTransfer.files])
        }}
      >
        <SimpleGrid cols={3} spacing="xs">
          {product.media.map((media, index) => (
            <div key={media.id}>
              <Image
                src={`${media.url}?w=400`}
                alt={inWords(media.alt) || say('media.n', { n: index + 1 })}
                radius="sm"
                fit="cover"
                className={classes.picture}
              />
              <Group gap={0} justify="center">
                <ActionIcon
                  size={24}
                  aria-label={say('media.earlier')}
                  disabled={index === 0}
                  onClick={() => move.mutate({ id: media.id, rank: index - 1 })}
                >
                  <IconLeft size={14} />
                </ActionIcon>
                <ActionIcon size={24} aria-label={say('media.edit')} onClick={() => setEdited(media)}>
                  <IconEdit size={14} />
                </ActionIcon>
                <ActionIcon size={24} aria-label={say('media.remove')} onClick={() => setRemoved(media)}>
                  <IconTrash size={14} />
                </ActionIcon>
                <ActionIcon
                  size={24}
                  aria-label={say('media.later')}
                  disabled={index === product.media.length - 1}
                  onClick={() => move.mutate({ id: media.id, rank: index + 1 })}
                >
                  <IconRight size={14} />
                </ActionIcon>
              </Group>
            </div>
          ))}
        </SimpleGrid>
        <Stack align="center" gap={4} mt="xs">
          <FileButton
            multiple
            accept={accepted}
            resetRef={again}
            onChange={files => files.length > 0 && add.mutate(files)}
          >
            {props => (
              <Button {...props} size="xs" variant="default" loading={add.isPending}>
                {say('media.add')}
              </Button>
            )}
          </FileButton>
          <Text size="xs" c="dimmed" ta="center">
            {say('media.hint')}
          </Text>
        </Stack>
      </Box>
      {add.data?.map(({ name, error }) => (
        <ProblemNote key={name} about={name} error={error} shown={['file']} />
      ))}
      <ProblemNote error={move.error} />
      {edited && <Describe media={edited} onClose={() => setEdited(undefined)} onDone={changed} />}
      {removed && <Remove media={removed} onClose={() => setRemoved(undefined)} onDone={changed} />}
    </Stack>
  )
}

function Describe({ media, onClose, onDone }: { media: Media; onClose: () => void; onDone: () => void }) {
  const say = useSay(productWords)
  const ui = useSay(uiWords)
  const { languages } = useTenant()
  const { form, submit, note, pending } = useSendForm({
    initialValues: { alt: media.alt ?? {} },
    send: ({ alt }) =>
      changeMedia(media.id, { alt: Object.fromEntries(Object.entries(alt).filter(([, text]) => text.trim())) }),
    done: () => {
      onDone()
      onClose()
    },
  })
  return (
    <Dialog title={say('media.edit')} onClose={onClose} onSubmit={submit} pending={pending} note={note} go={ui('save')}>
      {(languages ?? ['en']).map(language => (
        <TextInput
          key={language}
          lang={language}
          label={say('media.alt', { language: nameOf(language) })}
          maxLength={300}
          {...form.getInputProps(`alt.${language}`)}
          value={form.values.alt[language] ?? ''}
        />
      ))}
    </Dialog>
  )
}

function Remove({ media, onClose, onDone }: { media: Media; onClose: () => void; onDone: () => void }) {
  const say = useSay(productWords)
  const ui = useSay(uiWords)
  const remove = useMutation({
    mutationFn: () => removeMedia(media.id),
    onSuccess: () => {
      onDone()
      onClose()
    },
  })
  return (
    <Modal opened onClose={onClose} title={say('media.remove')}>
      <Stack>
        <Image src={`${media.url}?w=400`} alt={inWords(media.alt)} mah={200} fit="contain" />
        <Text size="sm">{say('media.remove.text')}</Text>
        <ProblemNote error={remove.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {ui('cancel')}
          </Button>
          <Button color="red.9" loading={remove.isPending} onClick={() => remove.mutate()}>
            {ui('remove')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
