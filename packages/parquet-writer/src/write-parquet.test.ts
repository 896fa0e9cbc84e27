import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type CellValue, type ColumnType, isDwhError, type RowBatch } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import fc from 'fast-check'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openParquetWriter, type ParquetWriter, type WriteParquetInput } from './index.ts'

async function setUp(): Promise<{ folder: string; temp: string; writer: ParquetWriter }> {
  const folder = await temporaryFolder()
  const temp = join(folder, 'temp')
  const writer = await openParquetWriter({ tempDirectory: temp })
  onTestFinished(() => writer.close())
  return { folder, temp, writer }
}

async function* batches(...all: RowBatch[]): AsyncGenerator<RowBatch> {
  yield* all
}

/** Every value of the file as DuckDB prints it. */
async function readBack(path: string): Promise<(string | null)[][]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await connection.run(`SET TimeZone = 'UTC'`)
    const reader = await connection.runAndReadAll(`SELECT COLUMNS(*)::VARCHAR FROM read_parquet('${path}')`)
    return reader.getRows() as (string | null)[][]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

function failsWith(code: string, text: string | RegExp) {
  return expect.toSatisfy((error) => isDwhError(error) && error.code === code && error.message.match(text) !== null)
}

describe('values', () => {
  const cases: [ColumnType, CellValue[], (string | null)[]][] = [
    ['BOOLEAN', ['t', 'f', true, false, null], ['true', 'false', 'true', 'false', null]],
    ['SMALLINT', ['-32768', 32767, null], ['-32768', '32767', null]],
    ['INTEGER', ['-2147483648', 2147483647], ['-2147483648', '2147483647']],
    ['BIGINT', ['-9223372036854775808', 9223372036854775807n], ['-9223372036854775808', '9223372036854775807']],
    ['UINTEGER', ['0', 4294967295], ['0', '4294967295']],
    ['FLOAT', ['1e-45', 0.1, '3.4028235e+38', 'NaN', '-Infinity'], ['1e-45', '0.1', '3.4028235e+38', 'nan', '-inf']],
    ['DOUBLE', ['5e-324', 0.1, -0, Number.NaN, Number.POSITIVE_INFINITY], ['5e-324', '0.1', '-0.0', 'nan', 'inf']],
    ['DECIMAL(10,2)', ['-99999999.99', 1.5, '0.10', '1.5000', 7n], ['-99999999.99', '1.50', '0.10', '1.50', '7.00']],
    ['DECIMAL(38,10)', ['1234567890123456789012345678.0123456789'], ['1234567890123456789012345678.0123456789']],
    [
      'VARCHAR',
      ['', 'null', '\\N', 'a\tb\r\nc', '🦆 ü', '"', '\u0001\u0002', null],
      ['', 'null', '\\N', 'a\tb\r\nc', '🦆 ü', '"', '\u0001\u0002', null],
    ],
    [
      'JSON',
      ['{"a": 1e999, "b": 12345678901234567890.0100}', { a: [1, 'x'] }, 'null', '"\\u0000"', null],
      ['{"a": 1e999, "b": 12345678901234567890.0100}', '{"a":[1,"x"]}', 'null', '"\\u0000"', null],
    ],
    ['BLOB', ['\\x', '\\x00ff41', Uint8Array.of(0, 255)], ['', '\\x00\\xFFA', '\\x00\\xFF']],
    ['UUID', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
    [
      'DATE',
      [
        '2026-02-18',
        '0044-03-15 BC',
        '4713-01-01 BC',
        '5874897-12-31',
        'infinity',
        '-infinity',
        new Date('2026-02-18'),
      ],
      ['2026-02-18', '0044-03-15 (BC)', '4713-01-01 (BC)', '5874897-12-31', 'infinity', '-infinity', '2026-02-18'],
    ],
    ['TIME', ['00:00:00', '23:59:59.999999', '24:00:00'], ['00:00:00', '23:59:59.999999', '24:00:00']],
    [
      'TIMESTAMP',
      ['2026-02-18 03:00:12.000001', '0044-03-15 01:02:03.4 BC', 'infinity', '20000-01-01 00:00:00', new Date(1)],
      [
        '2026-02-18 03:00:12.000001',
        '0044-03-15 (BC) 01:02:03.4',
        'infinity',
        '20000-01-01 00:00:00',
        '1970-01-01 00:00:00.001',
      ],
    ],
    [
      'TIMESTAMP WITH TIME ZONE',
      [
        '2026-02-18 03:00:12.000001+00',
        '2026-02-18T03:00:00+05:30',
        '0044-03-15 00:00:00+00 BC',
        '-infinity',
        new Date(1),
      ],
      [
        '2026-02-18 03:00:12.000001+00',
        '2026-02-17 21:30:00+00',
        '0044-03-15 (BC) 00:00:00+00',
        '-infinity',
        '1970-01-01 00:00:00.001+00',
      ],
    ],
  ]

  test.each(cases)('%s', async (type, values, expected) => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const rows = values.map((value, index) => [index, value])
    const columns = [
      { name: 'i', type: 'INTEGER' as const },
      { name: 'v', type },
    ]
    expect(await writer.write({ path, columns, data: { rows: batches(rows) } })).toMatchObject({
      path,
      rows: values.length,
    })
    const sorted = (await readBack(path)).sort((a, b) => Number(a[0]) - Number(b[0]))
    expect(sorted.map((row) => row[1])).toEqual(expected)
    const types = await query(`SELECT column_type FROM (DESCRIBE FROM read_parquet('${path}')) WHERE column_name = 'v'`)
    expect(types).toEqual([[type]])
  })

  const wrong: [ColumnType, CellValue][] = [
    ['BOOLEAN', 'yes'],
    ['BOOLEAN', 1],
    ['INTEGER', '1.5'],
    ['INTEGER', 1.5],
    ['INTEGER', '2147483648'],
    ['INTEGER', ''],
    ['BIGINT', 2 ** 53],
    ['SMALLINT', true],
    ['FLOAT', 0.123456789012],
    ['DOUBLE', '1e999x'],
    ['DECIMAL(10,2)', '1.005'],
    ['DECIMAL(10,2)', 'NaN'],
    ['DECIMAL(10,2)', '100000000'],
    ['VARCHAR', 7],
    ['VARCHAR', '\ud800'],
    ['JSON', '{"a":'],
    ['BLOB', '\\x0'],
    ['BLOB', 'plain'],
    ['UUID', 'a0eebc99'],
    ['DATE', '2026-01-01 garbage'],
    ['DATE', '2026-02-30'],
    ['DATE', new Date('2026-02-18T01:00:00Z')],
    ['DATE', new Date(Number.NaN)],
    ['TIME', '25:00:00'],
    ['TIMESTAMP', '2026-02-18 03:00:12.0000001'],
    ['TIMESTAMP', '294276-12-31 23:59:59.999999'],
    ['TIMESTAMP WITH TIME ZONE', '2026-02-18 03:00:12'],
  ]

  test.each(wrong)('column of %s, value %j: refused, no file left', async (type, value) => {
    const { folder, temp, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const columns = [
      { name: 'id', type: 'INTEGER' as const },
      { name: 'amount', type },
    ]
    const writing = writer.write({ path, columns, key: ['id'], data: { rows: batches([[7, value]]) } })
    await expect(writing).rejects.toThrowError(failsWith('VALUE_REFUSED', /^column amount: .* \(row /))
    expect(await readdir(folder)).toEqual(['temp'])
    expect(await contents(temp)).toEqual([])
  })

  test('trusted value that DuckDB cannot hold: refused with the key of its row', async () => {
    const { folder, writer } = await setUp()
    const columns = [
      { name: 'id', type: 'INTEGER' },
      { name: 'amount', type: 'DECIMAL(10,2)' },
    ] as const
    const data = { trustedText: true, rows: batches([['1', '1.00']], [['2', 'NaN']]) }
    await expect(writer.write({ path: join(folder, 'x.parquet'), columns, key: ['id'], data })).rejects.toThrowError(
      'column amount: "NaN" is not a value of DECIMAL(10,2) (row with id=2)',
    )
  })

  test('any text: read back unchanged by two readers', async () => {
    const { folder, writer } = await setUp()
    let n = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed())), { minLength: 1 }),
        async (texts) => {
          const path = join(folder, `${n++}.parquet`)
          const columns = [
            { name: 'i', type: 'INTEGER' },
            { name: 'select "x"', type: 'VARCHAR' },
          ] as const
          await writer.write({ path, columns, data: { rows: batches(texts.map((text, i) => [i, text])) } })
          const expected = texts.map((text, i) => [String(i), text])
          expect(await readBack(path)).toEqual(expected)
          const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })
          expect(rows).toEqual(texts.map((text, i) => ({ i, 'select "x"': text })))
        },
      ),
      { numRuns: 40 },
    )
  })
})

/** Everything left below the temporary folder, except the empty folder of the writer. */
async function contents(temp: string): Promise<string[]> {
  const all = await readdir(temp, { recursive: true })
  return all.filter((name) => name.includes('/'))
}

describe('shapes', () => {
  const columns = [
    { name: 'id', type: 'BIGINT' },
    { name: 'paid', type: 'DECIMAL(10,2)' },
    { name: 'at', type: 'TIMESTAMP WITH TIME ZONE' },
    { name: 'meta', type: 'JSON' },
  ] as const

  test('no rows: a file with typed columns', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    expect(await writer.write({ path, columns, data: { rows: batches() } })).toMatchObject({ rows: 0 })
    expect(await query(`SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet('${path}'))`)).toEqual(
      columns.map((c) => [c.name, c.type]),
    )
  })

  test('1,600 columns with hostile names: written', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const special = [
      'select',
      'filename',
      'snapshot_date',
      'a"b',
      "it's",
      'line',
      'cells',
      't0',
      '🦆',
      'a.b',
      ' ',
      '%',
      '{',
      'x\ny',
    ]
    const wide = Array.from({ length: 1600 }, (_, i) => ({ name: special[i] ?? `c${i}`, type: 'INTEGER' as const }))
    await writer.write({
      path,
      columns: wide,
      data: { rows: batches([wide.map((_, i) => i)], [wide.map(() => null)]) },
    })
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })
    expect(rows[0]).toEqual(Object.fromEntries(wide.map((c, i) => [c.name, i])))
    expect(rows[1]).toEqual(Object.fromEntries(wide.map((c) => [c.name, null])))
  })

  test('field ids: in the schema of the file, by the names of its columns, whatever they are', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 't.parquet')
    const names = ['id', 'a "quoted" name', 'element', "it's", 'élan', '__proto__', 'tags']
    const columns = names.map((name, index) => ({
      name,
      type: (name === 'tags' ? 'VARCHAR[]' : 'INTEGER') as ColumnType,
      id: 10 + index,
      ...(name === 'tags' ? { elementId: 100 } : {}),
    }))
    const row = names.map((name) => (name === 'tags' ? ['x'] : '1'))
    await writer.write({ path, columns, data: { rows: batches([row]) } })
    const found = await query(`SELECT name, field_id FROM parquet_schema('${path}') WHERE field_id IS NOT NULL`)
    expect(found).toEqual([...names.map((name, index) => [name, String(10 + index)]), ['element', '100']])
    expect(await readBack(path)).toEqual([['1', '1', '1', '1', '1', '1', '[x]']])
    // without ids; and DuckDB has a use of its own for one name
    for (const [i, without] of [
      columns.map(({ name, type }) => ({ name, type })),
      [...columns.slice(0, -1), { name: '__DuckDB_field_id', type: 'VARCHAR[]' as const, id: 20, elementId: 100 }],
    ].entries()) {
      const other = join(folder, `${i}.parquet`)
      await writer.write({ path: other, columns: without, data: { rows: batches([row]) } })
      expect(await query(`SELECT count(field_id) FROM parquet_schema('${other}')`)).toEqual([['0']])
    }
  })

  test('metadata: in the footer', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const metadata = { dwh: JSON.stringify({ table: 'quo"te', note: "it's ü" }), 'other key': '' }
    await writer.write({ path, columns, metadata, data: { rows: batches() } })
    const rows = await query(`SELECT decode(key), decode(value) FROM parquet_kv_metadata('${path}') ORDER BY 1`)
    expect(rows).toEqual(Object.entries(metadata))
  })

  test('paths with quotes and globs: written', async () => {
    const folder = await temporaryFolder()
    const writer = await openParquetWriter({ tempDirectory: join(folder, "it's [a] *") })
    onTestFinished(() => writer.close())
    const path = join(folder, "it's [b] *.parquet")
    expect(await writer.write({ path, columns, data: { rows: batches([[1, '1.00', null, {}]]) } })).toMatchObject({
      rows: 1,
    })
  })

  test('row above maxRowBytes: the error says how much it needs, and the next attempt succeeds', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const text = 'ü'.repeat(3_000_000)
    const input = (): WriteParquetInput => ({
      path,
      columns: [{ name: 't', type: 'VARCHAR' }],
      data: { rows: batches([['short']], [[text]], [['short']]) },
    })
    const error = await writer.write(input()).catch((e) => e)
    expect(error).toMatchObject({ code: 'ROW_TOO_LARGE', context: { bytes: 6_000_004 } })
    expect(await writer.write({ ...input(), maxRowBytes: error.context.bytes })).toMatchObject({ rows: 3 })
    expect(await query(`SELECT max(length(t))::INT FROM read_parquet('${path}')`)).toEqual([[3_000_000]])
  })

  test('more rows than one row group: all three counts are equal', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    let seen: number | null = 0
    async function* many(): AsyncGenerator<RowBatch> {
      for (let i = 0; i < 300; i += 1) yield Array.from({ length: 1000 }, (_, j) => [i * 1000 + j])
    }
    const onProgress = ({ rows }: { rows: number | null }) => {
      seen = rows
    }
    await writer.write({ path, columns: [{ name: 'n', type: 'INTEGER' }], data: { rows: many() }, onProgress })
    expect(seen).toBe(300_000)
    expect(await query(`SELECT count(*)::INT, sum(n)::DOUBLE FROM read_parquet('${path}')`)).toEqual([
      [300_000, 44_999_850_000],
    ])
  })
})

describe('failures leave no file', () => {
  const columns = [{ name: 'n', type: 'INTEGER' }] as const

  test('source fails midway: its error is thrown', async () => {
    const { folder, temp, writer } = await setUp()
    async function* dying(): AsyncGenerator<RowBatch> {
      for (let i = 0; i < 50; i += 1) yield Array.from({ length: 1000 }, (_, j) => [j])
      throw new Error('connection reset')
    }
    await expect(writer.write({ path: join(folder, 'x.parquet'), columns, data: { rows: dying() } })).rejects.toThrow(
      'connection reset',
    )
    expect(await readdir(folder)).toEqual(['temp'])
    expect(await contents(temp)).toEqual([])
  })

  test('source fails before the first row: its error is thrown', async () => {
    const { folder, writer } = await setUp()
    async function* dying(): AsyncGenerator<RowBatch> {
      yield* []
      throw new Error('refused')
    }
    await expect(writer.write({ path: join(folder, 'x.parquet'), columns, data: { rows: dying() } })).rejects.toThrow(
      'refused',
    )
    expect(await readdir(folder)).toEqual(['temp'])
  })

  test('value refused: the iterator of the source is returned, so its finally runs', async () => {
    const { folder, writer } = await setUp()
    let closed = false
    async function* endless(): AsyncGenerator<RowBatch> {
      try {
        for (;;) yield [['1'], ['one']]
      } finally {
        closed = true
      }
    }
    const data = { trustedText: true, rows: endless() }
    await expect(writer.write({ path: join(folder, 'x.parquet'), columns, data })).rejects.toThrowError(
      failsWith('VALUE_REFUSED', 'one'),
    )
    expect(closed).toBe(true)
  })

  test('abort midway, before the start, or while the source is silent: ABORTED', async () => {
    const { folder, temp, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const controller = new AbortController()
    async function* endless(): AsyncGenerator<RowBatch> {
      for (let i = 0; ; i += 1) {
        if (i === 20) controller.abort()
        yield Array.from({ length: 1000 }, (_, j) => [j])
      }
    }
    await expect(
      writer.write({ path, columns, data: { rows: endless() }, signal: controller.signal }),
    ).rejects.toThrowError(failsWith('ABORTED', 'stopped'))
    await expect(
      writer.write({ path, columns, data: { rows: endless() }, signal: AbortSignal.abort() }),
    ).rejects.toThrowError(failsWith('ABORTED', 'stopped'))
    const late = new AbortController()
    async function* silent(): AsyncGenerator<RowBatch> {
      yield [[1]]
      late.abort()
      await new Promise(() => {})
    }
    await expect(writer.write({ path, columns, data: { rows: silent() }, signal: late.signal })).rejects.toThrowError(
      failsWith('ABORTED', 'stopped'),
    )
    expect(await readdir(folder)).toEqual(['temp'])
    expect(await contents(temp)).toEqual([])
  })

  test('names that differ in case, unknown type, no columns, short row, existing file: refused', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const write = (input: Partial<WriteParquetInput>) =>
      writer.write({ path, columns, data: { rows: batches([[1]]) }, ...input })
    const pair = (a: string, b: string) => [a, b].map((name) => ({ name, type: 'INTEGER' as const }))
    await expect(write({ columns: pair('ID', 'id') })).rejects.toThrowError(failsWith('NAME_CONFLICT', '"ID" and "id"'))
    await expect(write({ columns: [{ name: 'n', type: 'INT); DROP' as ColumnType }] })).rejects.toThrowError(
      failsWith('WRITE_FAILED', 'type'),
    )
    await expect(write({ columns: [] })).rejects.toThrowError(failsWith('WRITE_FAILED', 'at least one column'))
    await expect(write({ columns: pair('a', 'b') })).rejects.toThrowError(
      failsWith('WRITE_FAILED', '1 cells for 2 columns'),
    )
    await expect(write({ path: join(folder, 'no', 'such', 'folder.parquet') })).rejects.toThrowError(
      failsWith('WRITE_FAILED', 'folder'),
    )
    expect(await readdir(folder)).toEqual(['temp'])
    await writeFile(path, 'mine')
    await expect(write({})).rejects.toThrowError(failsWith('WRITE_FAILED', 'file exists'))
    expect((await stat(path)).size).toBe(4)
  })

  test('É and é: two names, as in DuckDB', async () => {
    const { folder, writer } = await setUp()
    const path = join(folder, 'x.parquet')
    const two = ['É', 'é'].map((name) => ({ name, type: 'INTEGER' as const }))
    await writer.write({ path, columns: two, data: { rows: batches([[1, 2]]) } })
    expect(await query(`SELECT column_name FROM (DESCRIBE FROM read_parquet('${path}'))`)).toEqual([['É'], ['é']])
  })
})

test('twelve tables at once, sources that need a thread of the pool for each batch: all are written', async () => {
  const { folder, writer } = await setUp()
  async function* needy(): AsyncGenerator<RowBatch> {
    for (let i = 0; i < 5; i += 1) {
      await stat(folder)
      yield [[i]]
    }
  }
  const columns = [{ name: 'n', type: 'INTEGER' }] as const
  const written = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      writer.write({ path: join(folder, `${i}.parquet`), columns, data: { rows: needy() } }),
    ),
  )
  expect(written.map((w) => w.rows)).toEqual(Array(12).fill(5))
})

test('twelve tables at once: no deadlock', async () => {
  const { folder, temp, writer } = await setUp()
  async function* slow(): AsyncGenerator<RowBatch> {
    for (let i = 0; i < 5; i += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      yield Array.from({ length: 1000 }, (_, j) => [i * 1000 + j])
    }
  }
  const columns = [{ name: 'n', type: 'INTEGER' }] as const
  const written = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      writer.write({ path: join(folder, `${i}.parquet`), columns, data: { rows: slow() } }),
    ),
  )
  expect(written.map((w) => w.rows)).toEqual(Array(12).fill(5000))
  expect(await contents(temp)).toEqual([])
  await writer.close()
  expect(await readdir(temp)).toEqual([])
})
