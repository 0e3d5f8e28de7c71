import { expect, test } from 'vitest'
import { formSchema, localize, secretsOf, split } from './schema'
import { validator } from './validator'

const schema = {
  type: 'object' as const,
  additionalProperties: false,
  required: ['base_url', 'secret_key'],
  properties: {
    base_url: { type: 'string' as const, title: 'Address', 'x-title-zh': '地址', maxLength: 20 },
    secret_key: { type: 'string' as const, title: 'Key', minLength: 8, 'x-secret': true },
    methods: { type: 'array' as const, items: { type: 'string' as const, enum: ['card', 'qr'] }, minItems: 1 },
  },
}

test('titles are said in the reader’s language, where the schema has it', () => {
  const zh = localize(schema, 'zh') as typeof schema
  expect(zh.properties.base_url.title).toBe('地址')
  expect(zh.properties.secret_key.title).toBe('Key')
  expect(zh.properties.methods.items.enum).toEqual(['card', 'qr'])
  expect((localize(schema, 'en') as typeof schema).properties.base_url.title).toBe('Address')
})

test('secrets go apart, and one that is set may be left empty', () => {
  expect(secretsOf(schema)).toEqual(['secret_key'])
  expect(formSchema(schema, { secret_key: { set: true } }).required).toEqual(['base_url'])
  expect(formSchema(schema, {}).required).toEqual(['base_url', 'secret_key'])
  expect(split(schema, { base_url: 'x', secret_key: 's3cret-00', methods: ['qr'] })).toEqual({
    config: { base_url: 'x', methods: ['qr'] },
    secrets: { secret_key: 's3cret-00' },
  })
  expect(split(schema, { base_url: 'x', secret_key: '' }).secrets).toEqual({})
})

test('the validator names the field and the rule', () => {
  const { errors } = validator.validateFormData({ base_url: 'a'.repeat(21), methods: [] }, schema)
  expect(errors.map(({ property, name }) => [property, name]).sort()).toEqual([
    ['.base_url', 'maxLength'],
    ['.methods', 'minItems'],
    ['.secret_key', 'required'],
  ])
  expect(validator.validateFormData({ base_url: 'a', secret_key: '12345678', methods: ['qr'] }, schema).errors).toEqual(
    [],
  )
})
