import { DwhError, type ObjectStore, type RunEvent, type Source, type TableSchema, wrapStore } from '@dwh/core'
import { openParquetWriter } from '@dwh/parquet-writer'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type RunReport, runPipeline } from './index.ts'

const table = (name: string, estimatedBytes: number): TableSchema => ({
  schema: 'public',
  name,
  columns: [{ name: 'id', type: 'INTEGER', nullable: false, sourceType: 'integer' }],
  estimatedBytes,
})

/** A source of a program: tables of one row, read one at a time. */
function source(tables: readonly TableSchema[], beforeRows: (name: string) => void = () => {}): Source {
  return {
    async open() {
      return {
        info: { source: { kind: 'program' }, id: null, position: null, takenAt: '2026-02-18T03:00:00Z' },
        parallel: 1,
        tables: async () => tables,
        read({ name }) {
          async function* rows() {
            beforeRows(name)
            yield [[1]]
          }
          return { rows: rows() }
        },
        close: async () => {},
      }
    },
  }
}

async function run(from: Source, change: (store: ObjectStore) => ObjectStore = (store) => store) {
  const temp = await temporaryFolder()
  const writer = await openParquetWriter({ tempDirectory: temp })
  onTestFinished(() => writer.close())
  const store = localStore({ path: await temporaryFolder() })
  const events: RunEvent[] = []
  const report: RunReport | DwhError = await runPipeline({
    store: change(store),
    sources: { default: { source: from } },
    writer,
    tempDirectory: temp,
    clock: () => new Date('2026-02-18T03:00:00Z'),
    random: (bytes) => new Uint8Array(bytes),
    onEvent: (event) => events.push(event),
  }).catch((error) => error)
  return { report, events, store }
}

test('several tables: the largest is read first', async () => {
  const { events } = await run(source([table('a', 10), table('b', 1000), table('c', 100)]))
  expect(events.flatMap((event) => (event.type === 'table-start' ? [event.table] : []))).toEqual(['b', 'c', 'a'])
})

test('error of a table: keeps its hint, and names the table', async () => {
  const { report, events } = await run(
    source([table('a', 1)], () => {
      throw new DwhError('SOURCE_FAILED', 'cut', { hint: 'Plug it in.', context: { line: 7 } })
    }),
  )
  const said = { code: 'SOURCE_FAILED', message: 'a: cut', hint: 'Plug it in.' }
  expect(events.find(({ type }) => type === 'table-failed')).toMatchObject(said)
  expect(report).toMatchObject({ hint: 'Plug it in.', cause: { ...said, context: { line: 7, table: 'a' } } })
})

test('file size in the store differs from the written size: not published', async () => {
  const { report, store } = await run(source([table('a', 1)]), (inner) =>
    wrapStore(inner, {
      async putFile(...args) {
        const info = await inner.putFile(...args)
        return { ...info, size: info.size - 1 }
      },
    }),
  )
  expect(report).toMatchObject({
    code: 'RUN_FAILED',
    message: expect.stringMatching(/a: \d+ bytes were written, the storage holds \d+/),
  })
  expect(await store.head('a/2026/02/18.parquet')).toBeNull()
})
