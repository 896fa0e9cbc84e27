import { expect, test } from 'vitest'
import { publishedSchema } from './published-schema.test-support.ts'

const FILE = '../dwh.schema.json'

test('dwh.schema.json, which editors read, is made of the schema that the program reads by (vitest -u writes it)', async () => {
  await expect(publishedSchema()).toMatchFileSnapshot(FILE)
})
