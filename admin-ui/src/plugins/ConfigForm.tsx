import { Button, Group, Radio, SimpleGrid, Stack, TextInput } from '@mantine/core'
import Form from '@rjsf/mantine'
import type { ErrorSchema, RJSFValidationError } from '@rjsf/utils'
import { useMutation } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { asProblem } from '../api/problem'
import { useCan, useTenant } from '../api/session'
import { language, useSay } from '../i18n'
import type { Localized } from '../i18n/inWords'
import { nameOf } from '../products/ProductsPage'
import { ProblemNote } from '../ui/Problem'
import { configure, type Installation, install, type Plugin } from './api'
import { formLook, formSchema, localize, split } from './schema'
import { validator } from './validator'
import { pluginWords } from './words'

type Props = { plugin: Plugin; onSaved: (saved: Installation) => void }

/** The configuration of a plugin, drawn from its own schema. The server checks it again and tries it before it is kept. */
export default function ConfigForm({ plugin, onSaved }: Props) {
  const say = useSay(pluginWords)
  const can = useCan()
  const tenant = useTenant()
  const { installed } = plugin
  const secrets = useMemo(() => installed?.secrets ?? {}, [installed])
  const spoken = language()
  const schema = useMemo(
    () => localize(formSchema(plugin.config_schema, secrets), spoken),
    [plugin.config_schema, secrets, spoken],
  )
  const [data, setData] = useState<Record<string, unknown>>(installed?.config ?? {})
  const [label, setLabel] = useState<Localized>(installed?.label ?? {})
  const [mode, setMode] = useState<Installation['mode']>(installed?.mode ?? 'live')
  const save = useMutation({
    mutationFn: () => {
      const settings = {
        ...split(plugin.config_schema, data),
        label: Object.fromEntries(Object.entries(label).filter(([, text]) => text.trim())),
      }
      return installed ? configure(installed.id, settings) : install(plugin.id, mode, settings)
    },
    onSuccess: saved => {
      setData(saved.config)
      onSaved(saved)
    },
  })
  const refused = save.error ? asProblem(save.error).fields : {}
  const beside = fieldErrors(refused)
  const readOnly = !can('plugins:write')

  return (
    <Form
      schema={schema}
      uiSchema={formLook(schema, hint, choice =>
        `method.${choice}` in pluginWords.en ? say(`method.${choice}` as 'method.qr') : choice,
      )}
      validator={validator}
      formData={data}
      disabled={readOnly || save.isPending}
      showErrorList={false}
      noHtml5Validate
      extraErrors={beside}
      focusOnFirstError
      transformErrors={errors => errors.map(translate)}
      onChange={({ formData }) => setData(formData ?? {})}
      onSubmit={() => save.mutate()}
    >
      <Stack mt="md" gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {(tenant.languages ?? ['en']).map(code => (
            <TextInput
              key={code}
              lang={code}
              label={say('label', { language: nameOf(code) })}
              maxLength={100}
              disabled={readOnly}
              value={label[code] ?? ''}
              onChange={e => setLabel({ ...label, [code]: e.currentTarget.value })}
            />
          ))}
        </SimpleGrid>
        {!installed && (
          <Radio.Group label={say('mode')} value={mode} onChange={value => setMode(value as typeof mode)}>
            <Group mt={4}>
              <Radio value="live" label={say('mode.live')} />
              <Radio value="sandbox" label={say('mode.sandbox')} />
            </Group>
          </Radio.Group>
        )}
        <ProblemNote
          error={save.error}
          shown={Object.keys(refused).filter(path => path.startsWith('config.') || path.startsWith('secrets.'))}
        />
        {!readOnly && (
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending}>
              {installed ? say('save') : say('install.go')}
            </Button>
          </Group>
        )}
      </Stack>
    </Form>
  )

  function hint(name: string) {
    const secret = secrets[name]
    if (!secret?.set) return ''
    return secret.last4 ? say('secret.set', { last4: secret.last4 }) : say('secret.kept')
  }

  function translate(error: RJSFValidationError): RJSFValidationError {
    const key = `err.${error.name}`
    return { ...error, message: key in pluginWords.en ? say(key as 'err.required') : say('err.other') }
  }
}

// "config.base_url" and "secrets.secret_key" of the server's refusal, as rjsf wants them.
function fieldErrors(fields: Record<string, string>): ErrorSchema | undefined {
  const errors: Record<string, { __errors: string[] }> = {}
  for (const [path, message] of Object.entries(fields)) {
    const name = /^(?:config|secrets)\.([^.]+)/.exec(path)?.[1]
    if (name) errors[name] = { __errors: [message] }
  }
  return Object.keys(errors).length > 0 ? (errors as ErrorSchema) : undefined
}
