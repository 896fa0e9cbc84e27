import { expect, test } from 'vitest'
import { publishedSchema } from './published-schema.test-support.ts'

const FILE = '../dwh.schema.json'

test('dwh.schema.json: equals the schema that the program uses (vitest -u writes it)', async () => {
  await expect(publishedSchema()).toMatchFileSnapshot(FILE)
})
