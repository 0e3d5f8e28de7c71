// Stands in until `npm run types` has written the real one from openapi.json.
// biome-ignore lint/suspicious/noExplicitAny: replaced by generated types
type Any = any
type Operation = {
  parameters: { query?: Any; path?: Any; header?: Any; cookie?: Any }
  requestBody?: { content: { 'application/json': Any } }
  responses: { 200: { content: { 'application/json': Any } } }
}
export type paths = {
  [path: string]: { get: Operation; post: Operation; put: Operation; patch: Operation; delete: Operation }
}
