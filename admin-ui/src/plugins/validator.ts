import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import {
  type CustomValidator,
  createErrorHandler,
  type ErrorTransformer,
  type RJSFSchema,
  type RJSFValidationError,
  toErrorSchema,
  type UiSchema,
  unwrapErrorHandler,
  type ValidationData,
  type ValidatorType,
  validationDataMerge,
} from '@rjsf/utils'

// rjsf's own validator compiles schemas with new Function, which our CSP forbids. This one interprets them.
const known = new WeakMap<object, Validator>()

function validatorOf(schema: RJSFSchema) {
  let validator = known.get(schema)
  if (!validator) {
    validator = new Validator(schema as Schema, '2020-12', false)
    known.set(schema, validator)
  }
  return validator
}

// Errors of these keywords only say that something below them failed.
const containers = ['properties', 'items', 'allOf', '$ref', 'prefixItems', 'if', 'then', 'else']

function toError({ keyword, instanceLocation, error }: OutputUnit): RJSFValidationError[] {
  if (containers.includes(keyword)) return []
  const at = instanceLocation.replace(/^#/, '').replaceAll('/', '.')
  if (keyword === 'required') {
    const missing = /required property "(.+?)"/.exec(error)?.[1] ?? ''
    return [
      {
        name: keyword,
        property: `${at}.${missing}`,
        message: error,
        stack: error,
        params: { missingProperty: missing },
      },
    ]
  }
  return [{ name: keyword, property: at, message: error, stack: `${at} ${error}`, params: {} }]
}

function plain(value: unknown) {
  return value === undefined ? null : JSON.parse(JSON.stringify(value))
}

export const validator = {
  rawValidation(schema: RJSFSchema, data: unknown) {
    try {
      return { errors: validatorOf(schema).validate(plain(data)).errors }
    } catch (thrown) {
      return { validationError: thrown as Error }
    }
  },
  isValid(schema: RJSFSchema, data: unknown, root: RJSFSchema) {
    try {
      const whole = root?.$defs ? { ...schema, $defs: root.$defs } : schema
      return new Validator(whole as Schema, '2020-12').validate(plain(data)).valid
    } catch {
      return false
    }
  },
  validateFormData(
    data: unknown,
    schema: RJSFSchema,
    custom?: CustomValidator,
    transform?: ErrorTransformer,
    look?: UiSchema,
  ): ValidationData<unknown> {
    let errors = (this.rawValidation(schema, data).errors ?? []).flatMap(toError)
    if (transform) errors = transform(errors, look)
    const errorSchema = toErrorSchema(errors)
    if (typeof custom !== 'function') return { errors, errorSchema }
    return validationDataMerge(
      { errors, errorSchema },
      unwrapErrorHandler(custom(data, createErrorHandler(data), look)),
    )
  },
} as ValidatorType & { validateFormData(data: unknown, schema: RJSFSchema): ValidationData<unknown> }
