import type { RJSFSchema, UiSchema } from '@rjsf/utils'
import type { Language } from '../i18n'
import type { Installation, Settings } from './api'

type Node = RJSFSchema & { properties?: Record<string, RJSFSchema> }

/** The schema with its titles and descriptions in a language: those of x-title-zh and x-description-zh, where it has them. */
export function localize(schema: RJSFSchema, language: Language): RJSFSchema {
  function walk(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== 'object' || node === null) return node
    const record = node as Record<string, unknown>
    const said = Object.fromEntries(
      ['title', 'description']
        .map(key => [key, record[`x-${key}-${language}`]])
        .filter(([, text]) => typeof text === 'string'),
    )
    const walked = Object.fromEntries(
      Object.entries(record).map(([key, value]) => [key, key === 'enum' || key === 'const' ? value : walk(value)]),
    )
    return { ...walked, ...said }
  }
  return walk(schema) as RJSFSchema
}

/** Names of the fields that are sent as secrets and never come back. */
export function secretsOf(schema: RJSFSchema): string[] {
  const properties = (schema as Node).properties ?? {}
  return Object.keys(properties).filter(name => (properties[name] as Record<string, unknown>)['x-secret'] === true)
}

/** The schema of the form: a secret that is set already need not be given again. */
export function formSchema(schema: RJSFSchema, secrets: Installation['secrets']): RJSFSchema {
  const required = (schema.required ?? []).filter(name => !secrets[name]?.set)
  const { $schema: _, ...rest } = schema
  return { ...rest, required }
}

export function formLook(
  schema: RJSFSchema,
  hint: (name: string) => string,
  choice: (value: string) => string,
): UiSchema {
  return {
    'ui:submitButtonOptions': { norender: true },
    ...Object.fromEntries(
      secretsOf(schema).map(name => [
        name,
        { 'ui:widget': 'password', 'ui:help': hint(name) || undefined, 'ui:options': { autocomplete: 'off' } },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries((schema as Node).properties ?? {})
        .filter(
          ([, property]) => property.type === 'array' && property.uniqueItems && (property.items as RJSFSchema)?.enum,
        )
        .map(([name, property]) => {
          const values = (property.items as RJSFSchema).enum as string[]
          return [
            name,
            {
              'ui:widget': 'checkboxes',
              items: { 'ui:enumNames': values.map(choice) },
              'ui:enumNames': values.map(choice),
            },
          ]
        }),
    ),
  }
}

/** What was filled in, as the server wants it: secrets apart, those left empty not at all. */
export function split(schema: RJSFSchema, data: Record<string, unknown>): Omit<Settings, 'label'> {
  const names = secretsOf(schema)
  const config = Object.fromEntries(
    Object.entries(data).filter(([name, value]) => !names.includes(name) && value !== undefined),
  )
  const secrets = Object.fromEntries(names.filter(name => data[name]).map(name => [name, String(data[name])]))
  return { config, secrets }
}
