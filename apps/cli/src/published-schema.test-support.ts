import { configSchema } from '@dwh/config'
import { toJsonSchema } from '@valibot/to-json-schema'

/** Returns the text of `dwh.schema.json`, generated from the schema that the program itself uses. */
export function publishedSchema(): string {
  const schema = toJsonSchema(configSchema, { typeMode: 'input', errorMode: 'ignore', target: 'draft-07' })
  const published = { ...(withPlaceholders(schema) as object), title: 'dwh.yaml' }
  return `${JSON.stringify(published, null, 2)}\n`
}

const PLACEHOLDER = { type: 'string', pattern: String.raw`\$\{` }

type Node = { readonly [key: string]: unknown }

/** Allows `${NAME}` as a value or in one: it is replaced before the value is checked. */
function withPlaceholders(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map(withPlaceholders)
  const { description, ...rest } = inOneForm(schema as Node)
  const simple = 'pattern' in rest || 'enum' in rest || rest.type === 'boolean' || rest.type === 'integer'
  if (simple) return { ...(description === undefined ? {} : { description }), anyOf: [rest, PLACEHOLDER] }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withPlaceholders(value)]))
}

/** Removes the forms as text, such as `"4"` and `"true"`, which only the environment needs. */
function inOneForm({ anyOf, ...rest }: Node): Node {
  const forms = (anyOf ?? []) as readonly Node[]
  const [form] = forms
  if (!form || forms.some(({ type }) => type === 'null' || type === 'object'))
    return { ...rest, ...(anyOf === undefined ? {} : { anyOf }) }
  return { ...form, ...rest }
}
