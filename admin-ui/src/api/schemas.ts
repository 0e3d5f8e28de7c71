import type { components } from './schema'

/** What the API sends and takes, by the names of its OpenAPI document. */
export type Schemas = components['schemas']
