import {
  Alert,
  Box,
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Paper,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { asProblem } from '../api/problem'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { inWords } from '../i18n/inWords'
import { locationsQuery } from '../inventory/api'
import { categoriesQuery } from '../products/api'
import { rolesQuery } from '../team/api'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { uiWords } from '../ui/words'
import { inputOf, type KindInfo, type Rule, type RuleInput, rulesQuery, type SeverityName, saveRule } from './api'
import { piecesOf } from './sentence'
import { alertWords, severityWords } from './words'

type Props = { rule?: Rule; kinds: KindInfo[]; onClose: () => void }

/** A rule as a sentence: "When stock falls below [5], tell [owner] by [e-mail]". */
export function RuleDialog({ rule, kinds, onClose }: Props) {
  const say = useSay(alertWords)
  const sev = useSay(severityWords)
  const ui = useSay(uiWords)
  const can = useCan()
  const client = useQueryClient()
  const roles = useQuery({ ...rolesQuery, enabled: can('members:read') })
  const { form, submit, note, pending, error } = useSendForm<RuleInput, Rule>({
    initialValues: rule ? inputOf(rule) : fresh(kinds[0]),
    send: values => saveRule(rule?.id, values),
    done: () => {
      void client.invalidateQueries({ queryKey: rulesQuery.queryKey })
      onClose()
    },
  })
  const kind = kinds.find(one => one.kind === form.values.kind)
  const isConflict = error ? asProblem(error).code === 'version_conflict' : false
  const others = kind?.params ? kind.params.filter(param => !kind.sentence.en?.includes(`{${param.name}}`)) : []

  return (
    <Dialog
      title={rule ? say('edit') : say('new')}
      size="lg"
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={isConflict ? <Alert color="yellow">{say('conflict')}</Alert> : note}
      go={ui('save')}
    >
      {!rule && (
        <Select
          label={say('rule.kind')}
          allowDeselect={false}
          data={kinds.map(one => ({ value: one.kind, label: inWords(one.title) }))}
          value={form.values.kind}
          onChange={next => form.setValues(fresh(kinds.find(one => one.kind === next)))}
        />
      )}
      <Paper withBorder p="md" role="group" aria-label={say('preview')}>
        <Group gap={6} align="center">
          {kind &&
            piecesOf(inWords(kind.sentence)).map((piece, index) =>
              'text' in piece ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a sentence never move
                <Text key={index} size="sm">
                  {piece.text.trim()}
                </Text>
              ) : (
                threshold(piece.param)
              ),
            )}
        </Group>
        <Group gap={6} mt="sm" align="center">
          <Text size="sm">{say('tell')}</Text>
          <Box flex="1 1 180px">
            <MultiSelect
              size="xs"
              aria-label={say('roles')}
              data={(roles.data?.items ?? (form.values.notify?.roles ?? []).map(name => ({ name, title: {} }))).map(
                role => ({
                  value: role.name,
                  label: inWords(role.title) || role.name,
                }),
              )}
              {...form.getInputProps('notify.roles')}
            />
          </Box>
          <Text size="sm">{say('by')}</Text>
          <Checkbox.Group aria-label={say('channels')} {...form.getInputProps('notify.channels')}>
            <Group gap="sm">
              <Checkbox size="xs" value="in_app" label={say('channel.in_app')} />
              <Checkbox size="xs" value="email" label={say('channel.email')} />
            </Group>
          </Checkbox.Group>
        </Group>
      </Paper>
      <Group grow align="flex-start">
        <TextInput label={say('name')} maxLength={120} {...form.getInputProps('name')} />
        <Select
          label={say('severity')}
          allowDeselect={false}
          data={(['info', 'warning', 'critical'] as const).map(value => ({ value, label: sev(value) }))}
          {...form.getInputProps('severity')}
        />
      </Group>
      <Group grow align="flex-start">
        {others.map(param => (
          <NumberInput
            key={param.name}
            label={`${inWords(param.title)} (${say(`unit.${param.unit as 'units'}`)})`}
            min={param.min}
            max={param.max}
            allowDecimal={false}
            {...form.getInputProps(`params.${param.name}`)}
          />
        ))}
        <NumberInput
          label={say('cooldown')}
          description={say('cooldown.hint')}
          min={0}
          max={10_080}
          allowDecimal={false}
          {...form.getInputProps('cooldown_minutes')}
        />
      </Group>
      {(kind?.filters?.length ?? 0) > 0 && <FilterFields form={form} />}
      <Switch label={say('enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
    </Dialog>
  )

  function threshold(name: string) {
    const param = kind?.params?.find(one => one.name === name)
    if (!param) return null
    return (
      <NumberInput
        key={name}
        size="xs"
        w={90}
        aria-label={`${inWords(param.title)} (${say(`unit.${param.unit as 'units'}`)})`}
        title={say('param.range', { min: param.min, max: param.max })}
        min={param.min}
        max={param.max}
        allowDecimal={false}
        {...form.getInputProps(`params.${name}`)}
      />
    )
  }
}

function FilterFields({ form }: { form: ReturnType<typeof useSendForm<RuleInput, Rule>>['form'] }) {
  const say = useSay(alertWords)
  const can = useCan()
  const locations = useQuery({ ...locationsQuery, enabled: can('inventory:read') })
  const categories = useQuery({ ...categoriesQuery, enabled: can('products:read') })
  const filter = form.values.filter ?? {}
  return (
    <Stack gap="xs" role="group" aria-label={say('only')}>
      <Text size="sm" fw={500}>
        {say('only')}
      </Text>
      <Select
        label={say('only.location')}
        placeholder={say('only.any')}
        clearable
        data={(locations.data?.items ?? []).map(place => ({ value: place.id, label: place.name }))}
        value={filter.location_id ?? null}
        onChange={id => form.setFieldValue('filter', { ...filter, location_id: id ?? undefined })}
      />
      <Group grow align="flex-start">
        <TagsInput
          label={say('only.skus')}
          value={filter.skus ?? []}
          onChange={skus => form.setFieldValue('filter', { ...filter, skus })}
        />
        <MultiSelect
          label={say('only.categories')}
          searchable
          data={(categories.data?.items ?? []).map(one => ({ value: one.id, label: inWords(one.title) }))}
          value={filter.category_ids ?? []}
          onChange={category_ids => form.setFieldValue('filter', { ...filter, category_ids })}
        />
      </Group>
    </Stack>
  )
}

function fresh(kind: KindInfo | undefined): RuleInput {
  return {
    kind: (kind?.kind ?? 'stock_low') as RuleInput['kind'],
    name: kind ? inWords(kind.title) : '',
    enabled: true,
    severity: (kind?.severity ?? 'warning') as SeverityName,
    params: Object.fromEntries((kind?.params ?? []).map(param => [param.name, param.default])),
    filter: {},
    notify: { roles: ['owner', 'manager'], channels: ['in_app', 'email'] },
    cooldown_minutes: 15,
  }
}
