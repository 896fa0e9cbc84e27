import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { publishedSchema } from './published-schema.test-support.ts'

const FILE = new URL('../dwh.schema.json', import.meta.url)

test('dwh.schema.json: equals the schema that the program uses (DOCS=write writes it)', async () => {
  const schema = publishedSchema()
  if (process.env.DOCS === 'write') await writeFile(FILE, schema)
  expect(await readFile(FILE, 'utf8')).toBe(schema)
})
