import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type ColumnType, DwhError } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openParquetWriter, type WriteParquetInput, type WrittenParquet } from './index.ts'

type Cell = string | null

/** Returns a row as Postgres writes it in COPY text, with the necessary backslashes. */
function copyLine(cells: readonly Cell[]): string {
  const fields = cells.map((cell) => (cell === null ? '\\N' : cell.replace(/[\\\b\f\n\r\t\v]/g, escaped)))
  return `${['', ...fields].join('\t')}\n`
}

function escaped(character: string): string {
  const [, letter] = JSON.stringify(character).match(/\\([bfnrt\\])/) ?? [null, 'v']
  return `\\${letter}`
}

/** Splits into pieces that end anywhere, also within a character. */
async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Long rows use a separate path; with a large maxRowBytes, all rows of a table use it. */
const ROOM = { short: {}, long: { maxRowBytes: 2 * 1024 * 1024, textBytes: 1 } } as const

async function setUp(length: keyof typeof ROOM = 'short') {
  const folder = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: join(folder, 'temp') })
  onTestFinished(() => writer.close())
  let files = 0
  const write = (
    types: readonly ColumnType[],
    rows: readonly (readonly Cell[])[],
    more: Partial<WriteParquetInput> & { size?: number; sent?: number } = {},
  ): Promise<WrittenParquet> => {
    files += 1
    const columns = types.map((type, index) => ({ name: `c${index}`, type }))
    const bulkText = pieces(rows.map(copyLine).join(''), more.size ?? 64 * 1024)
    const data = { bulkText, sent: () => more.sent ?? rows.length }
    return writer.write({ path: join(folder, `${files}.parquet`), columns, data, ...ROOM[length], ...more })
  }
  return { folder, writer, write }
}

async function readBack(path: string): Promise<Cell[][]> {
  const connection = await (await DuckDBInstance.create()).connect()
  // the client removes a byte order mark from the beginning of a text
  const reader = await connection.runAndReadAll(`SELECT encode(COLUMNS(*)::VARCHAR)::BLOB FROM read_parquet('${path}')`)
  connection.closeSync()
  const rows = reader.getRows() as ({ bytes: Uint8Array } | null)[][]
  return rows.map((row) => row.map((cell) => cell && Buffer.from(cell.bytes).toString('utf8')))
}

describe.each(['short', 'long'] as const)('COPY text, path of %s rows', (length) => {
  test.each<[string, ColumnType[], Cell[][]]>([
    ['one column, null and empty', ['VARCHAR'], [[null], [''], ['a'], [null], ['']]],
    ['no row', ['INTEGER', 'VARCHAR'], []],
    ['a byte order mark at the beginning', ['VARCHAR'], [['\ufeffa'], ['\ufeff']]],
    [
      'quotes, commas, backslashes',
      ['VARCHAR', 'VARCHAR'],
      [
        ['"', ','],
        ['""', '\\N'],
        ['\\', '\\.'],
        ['\\.', 'NULL'],
      ],
    ],
    [
      'line ends of every kind',
      ['VARCHAR', 'VARCHAR'],
      [
        ['a\nb', 'a\r\nb'],
        ['\n', '\r'],
        ['\r\n', '\n\n'],
      ],
    ],
    [
      'blanks and tabs',
      ['VARCHAR', 'VARCHAR'],
      [
        [' a ', '\t'],
        [' ', '  '],
      ],
    ],
    ['texts that other readers would treat as comments', ['VARCHAR'], [['#a'], ['--'], ['//']]],
    [
      'values of types',
      ['INTEGER', 'DECIMAL(4,2)', 'BOOLEAN', 'DATE', 'JSON'],
      [
        ['1', '1.50', 'true', '2026-02-18', '{"a":"\\"\\n\\\\n"}'],
        [null, null, null, null, null],
      ],
    ],
  ])('%s', async (_, types, rows) => {
    const { write } = await setUp(length)
    for (const size of [1, 7, 64 * 1024]) {
      const { path, rows: written } = await write(types, rows, { size })
      expect(written).toBe(rows.length)
      expect(await readBack(path)).toEqual(rows)
    }
  })

  test('bytes, and lists of texts', async () => {
    const { write } = await setUp(length)
    const rows = [
      ['\\x5c6e00', '["\\\\n","\\n","a"]'],
      ['\\x', '[]'],
      [null, null],
    ]
    const { path } = await write(['BLOB', 'VARCHAR[]'], rows)
    const connection = await (await DuckDBInstance.create()).connect()
    const reader = await connection.runAndReadAll(`SELECT hex(c0), to_json(c1)::VARCHAR FROM read_parquet('${path}')`)
    connection.closeSync()
    expect(reader.getRows()).toEqual([
      ['5C6E00', '["\\\\n","\\n","a"]'],
      ['', '[]'],
      [null, null],
    ])
  })

  test('any text: read back unchanged', async () => {
    const { write } = await setUp(length)
    const cell = fc.option(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 10 }),
        fc.string({
          unit: fc.constantFrom(
            '"',
            ',',
            'n',
            'N',
            'v',
            '\v',
            '\b',
            '\f',
            '\u0001',
            '\n',
            '\r',
            '\\',
            '.',
            ' ',
            '\t',
            'a',
            '\u2028',
            '\ufeff',
            '#',
          ),
          maxLength: 6,
        }),
      ),
    )
    const tables = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }))
    await fc.assert(
      fc.asyncProperty(tables, fc.integer({ min: 1, max: 50 }), async (rows, size) => {
        const types = Array.from({ length: rows[0]?.length ?? 1 }, (): ColumnType => 'VARCHAR')
        expect(await readBack((await write(types, rows, { size })).path)).toEqual(rows)
      }),
      { numRuns: length === 'short' ? 100 : 40 },
    )
  })

  test('1,600 columns', async () => {
    const { write } = await setUp(length)
    const wide = [Array.from({ length: 1600 }, (_, i) => (i % 3 === 0 ? null : String(i)))]
    const { path } = await write(wide[0]?.map((): ColumnType => 'INTEGER') ?? [], wide)
    expect(await readBack(path)).toEqual(wide)
  })
})

describe('rows of more than 1 MiB', () => {
  test.each([
    ['first', [3_000_000, 1, 1]],
    ['in the middle', [1, 3_000_000, 1]],
    ['last', [1, 1, 3_000_000]],
    ['the only one', [3_000_000]],
    ['each longer than the one before', [2_000_000, 20_000_000, 40_000_000]],
    ['among many short ones', [...Array.from({ length: 5000 }, () => 10), 20_000_000, 10]],
  ])('%s: the error says how much it needs, and the next attempt succeeds', async (_, lengths) => {
    const { write } = await setUp()
    // few characters to escape: else the test itself would take longer than the code that it tests
    const part = `a\tb"\\\u0001${'x'.repeat(494)}`
    const rows = lengths.map((length, i) => [String(i), part.repeat(Math.ceil(length / 500)).slice(0, length)])
    let maxRowBytes = 0
    for (let asked = 1; ; asked += 1) {
      const written = await write(['INTEGER', 'VARCHAR'], rows, maxRowBytes ? { maxRowBytes } : {}).catch((e) => e)
      if (written.path) {
        expect(await readBack(written.path)).toEqual(rows)
        return
      }
      expect(written).toMatchObject({ code: 'ROW_TOO_LARGE', context: { bytes: expect.any(Number) } })
      expect(written.context.bytes).toBeGreaterThan(maxRowBytes)
      maxRowBytes = written.context.bytes
      expect(asked).toBeLessThan(4)
    }
  })

  test('BLOB of 10 MB among others, pieces that end anywhere: unchanged', async () => {
    const { write } = await setUp('long')
    const rows = [
      ['\\x', 'a'],
      [`\\x${'00ff0a5c'.repeat(2_500_000)}`, null],
      [null, '\\x'],
    ]
    const { path } = await write(['BLOB', 'VARCHAR'], rows, { maxRowBytes: 32 * 1024 * 1024, size: 65_537 })
    const connection = await (await DuckDBInstance.create()).connect()
    const reader = await connection.runAndReadAll(`SELECT '\\x' || lower(hex(c0)), c1 FROM read_parquet('${path}')`)
    connection.closeSync()
    expect(reader.getRows()).toEqual(rows)
  })

  test('no pipe possible: through files', async () => {
    const { write, folder } = await setUp('long')
    const { PATH } = process.env
    process.env.PATH = '/nowhere'
    onTestFinished(() => {
      process.env.PATH = PATH
    })
    const rows = Array.from({ length: 5 }, (_, i) => [String(i).repeat(20_000_000)])
    const { path } = await write(['VARCHAR'], rows, { maxRowBytes: 32 * 1024 * 1024 })
    expect(await readBack(path)).toEqual(rows)
    expect((await readdir(join(folder, 'temp'))).length).toBe(1)
  })
})

describe('invalid data is never written', () => {
  test('value that is not of its type: the error has column, value and row', async () => {
    const { folder, write } = await setUp()
    const rows = [
      ['1', '1.00'],
      ['2', 'NaN'],
    ]
    await expect(write(['INTEGER', 'DECIMAL(4,2)'], rows, { key: ['c0'] })).rejects.toMatchObject({
      code: 'VALUE_REFUSED',
      message: expect.stringMatching(/column c1: "NaN" is not a value of DECIMAL\(4,2\).*c0=2/),
    })
    expect((await readdir(folder)).filter((name) => name.endsWith('.parquet'))).toEqual([])
  })

  test('fewer rows than the source has sent, or more: the file is removed', async () => {
    const { folder, write } = await setUp()
    for (const sent of [1, 3])
      await expect(write(['INTEGER'], [['1'], ['2']], { sent })).rejects.toMatchObject({ code: 'PROOF_FAILED' })
    expect((await readdir(folder)).filter((name) => name.endsWith('.parquet'))).toEqual([])
  })

  test.each(['short', 'long'] as const)(
    'stream of %s rows that is cut anywhere: error, no file left',
    async (length) => {
      const { folder, writer } = await setUp()
      const text = [
        ['1', 'a'],
        ['2', 'b\nc'],
        ['3', ''],
      ]
        .map(copyLine)
        .join('')
      for (let end = 0; end < text.length; end += 1) {
        async function* cut(): AsyncGenerator<Uint8Array> {
          if (end > 0) yield Buffer.from(text.slice(0, end))
          throw new DwhError('SOURCE_FAILED', 'the connection was lost')
        }
        const columns = [
          { name: 'n', type: 'INTEGER' },
          { name: 't', type: 'VARCHAR' },
        ] as const
        const data = { bulkText: cut(), sent: () => 3 }
        await expect(
          writer.write({ path: join(folder, 'x.parquet'), columns, data, ...ROOM[length] }),
        ).rejects.toMatchObject({
          code: 'SOURCE_FAILED',
        })
      }
      expect(await readdir(folder)).toEqual(['temp'])
    },
  )
})
