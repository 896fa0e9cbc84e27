import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readConfigFile } from '@dwh/config'
import { formatTableName, matchesTable, type TableSchema } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propose } from './propose.ts'
import { configText, scalar } from './write-config.ts'

const anyName = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(
      '$',
      '{',
      '}',
      '"',
      "'",
      '\\',
      ':',
      ' ',
      '#',
      '\n',
      '*',
      '?',
      '.',
      '-',
      'a',
      '1',
      'é',
      '[',
      ',',
    ),
    minLength: 1,
    maxLength: 8,
  }),
  fc.constantFrom(
    'yes',
    'null',
    '~',
    '1e3',
    '<<',
    '=',
    '- a',
    'a:',
    '0x1F',
    '.inf',
    '2026-01-01',
    '!!str',
    '&a',
    '*a',
    '%',
    '@',
    '`',
  ),
)

test('any names: the file selects exactly these tables', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'dwh.yaml')
  const names = fc.uniqueArray(fc.tuple(anyName, anyName), {
    minLength: 1,
    maxLength: 5,
    selector: ([a, b]) => JSON.stringify([a, b]),
  })
  await fc.assert(
    fc.asyncProperty(names, anyName, async (pairs, storage) => {
      const tables = pairs.map(
        ([schema, name]): TableSchema => ({
          schema,
          name,
          columns: [{ name: `${name}_token`, type: 'INTEGER' }],
          denied: { reason: `no ${name}`, hint: name },
        }),
      )
      const look = { server: 'a', database: storage, version: '17', timeZone: 'UTC', tables, activity: new Map() }
      const places = {
        source: null,
        sourceNote: null,
        storage,
        s3: { endpoint: storage },
        timezone: 'UTC',
        schema: 'x',
      }
      await writeFile(path, configText(places, look, propose(look)))
      const file = await readConfigFile(path, folder, {})
      expect(file?.values.storage).toBe(storage)
      expect(file?.values.s3?.endpoint).toBe(storage)
      expect(file?.values.exclude).toHaveLength(tables.length)
      for (const [index, table] of tables.entries()) {
        const pattern = file?.values.exclude?.[index] ?? ''
        expect(matchesTable(pattern, table)).toBe(true)
        const others = tables.filter((other) => other !== table && formatTableName(other) !== formatTableName(table))
        for (const other of others) expect(matchesTable(pattern, other)).toBe(false)
      }
    }),
    { numRuns: 300 },
  )
})

test('scalar: unquoted only if that is certainly safe', () => {
  expect(scalar('billing.orders')).toBe('billing.orders')
  expect(scalar('s3://bucket/a')).toBe('s3://bucket/a')
  for (const text of ['yes', 'No', 'null', '1', '-a', '*', 'a: b', 'a:', '', ' a', 'a #b', '{a}', '.'])
    expect(scalar(text)).toMatch(/^"/)
})
