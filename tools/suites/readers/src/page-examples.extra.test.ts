import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Reader } from '@dwh/core'
import { builtProgram, suiteCount, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { duckdbValues } from './duckdb-values.ts'
import { pythonWith, variablesFor } from './engines.ts'
import { hyparquetValues } from './hyparquet-values.ts'
import { type MadeWarehouse, makeWarehouse } from './made-warehouse.ts'
import { examples } from './page-examples.ts'
import type { ExactText } from './values.ts'

/* The examples of docs/reading.md, run as they are with the real libraries, on values that a careless reader changes. */

const run = promisify(execFile)
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const ORDERS = `
  CREATE TABLE orders (id int PRIMARY KEY, count int8, amount numeric(38,10), note text, payload bytea, at timestamptz,
    day date, ref uuid, doc jsonb, tags int8[], open time);
  INSERT INTO orders VALUES
    (0, 9007199254740993, 9999999999999999999999999999.9999999999, E'\\uFEFFx', '\\x00ff5c', '2024-02-29 01:02:03.000001+00',
      '1582-10-04', '2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11', '{"n": 12345678901234567890.123456789}', '{9007199254740993,NULL}', '03:04:05.000001'),
    (1, 1, -0.0000000001, '', '', '1969-12-31 23:59:59.999999+00', '9999-12-31', NULL, 'null', '{}', '23:59:59.999999');
  INSERT INTO orders (id) VALUES (2)`

/** By what each example imports, in the order in which a smaller size takes them. */
const EXAMPLES: readonly (readonly [reader: Reader, imported: string])[] = [
  ['hyparquet', "from 'hyparquet'"],
  ['polars', 'import polars'],
  ['pandas', 'import pandas'],
  ['pyarrow', 'import pyarrow'],
  ['datafusion', 'from datafusion'],
  ['clickhouse', 'import chdb'],
  ['spark', 'from pyspark'],
]

test.each(EXAMPLES.slice(0, suiteCount('readers-examples')))(
  'reading.md: the example for %s loses no value',
  { timeout: 600_000 },
  async (reader, imported) => {
    const example = [...examples('ts'), ...examples('python')].filter((text) => text.includes(imported))
    expect(example).toHaveLength(1)
    const warehouse = await makeWarehouse(await testDatabase(ORDERS), { readers: [reader] })
    const expected = (await duckdbValues(warehouse.files)).orders
    expect(expected, warehouse.said).toBeDefined()
    const found =
      reader === 'hyparquet' ? await inJavaScript(warehouse) : await inPython(reader, example[0] ?? '', warehouse)
    expect(found).toEqual(expected)
  },
)

test('reading.md: each example for another program is one of these', () => {
  const [first = '', ...others] = examples('python')
  expect(first).toContain('paths = ')
  expect(others.filter((text) => !EXAMPLES.some(([, imported]) => text.includes(imported)))).toEqual([])
  expect(others).toHaveLength(EXAMPLES.length - 1)
})

type Columns = Record<string, readonly ExactText[]>

async function inJavaScript({ files }: MadeWarehouse): Promise<Columns> {
  const { orders } = await hyparquetValues(files)
  if (!orders || 'file' in orders) throw new Error('hyparquet did not read the file')
  return Object.fromEntries(
    Object.entries(orders.values).map(([name, values]) => [
      name,
      values.map((value) => ('is' in value ? value.is : value.fails)),
    ]),
  )
}

async function inPython(reader: Reader, example: string, { folder, files }: MadeWarehouse): Promise<Columns> {
  const [paths = ''] = examples('python')
  await writeFile(join(folder, 'example.py'), `${paths}\n${example}`)
  await mkdir(join(folder, 'bin'))
  await writeFile(
    join(folder, 'bin/npx'),
    `#!/bin/sh\nshift\nexec "${process.execPath}" "${await builtProgram('dwh')}" "$@"\n`,
  )
  await chmod(join(folder, 'bin/npx'), 0o755)
  const env = { ...(await variablesFor(reader)), PATH: `${join(folder, 'bin')}:${process.env.PATH}` }
  const running = run(await pythonWith(reader), [here('read_example.py'), reader, 'example.py'], {
    cwd: folder,
    env,
    maxBuffer: 1e8,
  })
  running.child.stdin?.end(JSON.stringify(files.orders?.types))
  const { stdout } = await running
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}
