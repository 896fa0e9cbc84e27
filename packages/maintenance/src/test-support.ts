import { randomBytes } from 'node:crypto'
import { type Day, type Detection, monthOf, type ObjectStore, type Source, type SourceColumn } from '@dwh/core'
import { readManifest, readMonth, readState } from '@dwh/metadata'
import { openParquetWriter, type ParquetWriter } from '@dwh/parquet-writer'
import { type RunOptions, type RunReport, runPipeline } from '@dwh/pipeline'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { onTestFinished } from 'vitest'

/** Tables by name, each a list of numbers. */
export type Tables = Readonly<Record<string, readonly number[]>>

export interface TestHouse {
  readonly store: ObjectStore
  /** The path of the local folder. */
  readonly path: string
  readonly temp: string
  readonly writer: ParquetWriter
  readonly clock: () => Date
  readonly random: typeof randomBytes
  /** Publishes these tables for a day. */
  run(day: string, tables: Tables, options?: Partial<RunOptions>): Promise<RunReport>
  /** Sets the clock. */
  setNow(now: string): void
}

/** Makes a warehouse without Postgres: its source is a program. */
export async function testHouse(given?: ObjectStore): Promise<TestHouse> {
  const path = await temporaryFolder()
  const temp = await temporaryFolder()
  const store = given ?? localStore({ path })
  const writer = await openParquetWriter({ tempDirectory: temp })
  onTestFinished(() => writer.close())
  let now = new Date('2026-03-01T03:00:00Z')
  const clock = () => now
  return {
    store,
    path,
    temp,
    writer,
    clock,
    random: randomBytes,
    setNow: (text) => {
      now = new Date(text)
    },
    run(day, tables, options = {}) {
      // each run starts in another second, as the lease enforces
      now = new Date(now.getTime() + 1000)
      return runPipeline({
        store,
        sources: { default: { source: numbers(tables) } },
        writer,
        tempDirectory: temp,
        clock,
        random: randomBytes,
        date: day,
        replace: true,
        ...options,
      })
    },
  }
}

/** The keys of what is current: the list of a day, the index of its month, and the files of its tables. */
export async function keysOf(
  { store }: Pick<TestHouse, 'store'>,
  day: Day,
): Promise<{ index: string; list: string; files: Record<string, string> }> {
  const { state } = await readState(store)
  const index = await readMonth(store, state, monthOf(day))
  const list = await readManifest(store, state, day)
  return {
    index: state.months[monthOf(day)]?.key ?? '',
    list: index?.days[day]?.manifest.key ?? '',
    files: Object.fromEntries(
      Object.entries(list?.tables ?? {}).map(([name, { files }]) => [name, files[0]?.key ?? '']),
    ),
  }
}

const COLUMNS: readonly SourceColumn[] = [
  { name: 'id', type: 'BIGINT', nullable: false },
  { name: 'text', type: 'VARCHAR' },
]

function numbers(tables: Tables): Source {
  return {
    async open() {
      const schemas = Object.keys(tables).map((name) => ({ schema: 'public', name, columns: COLUMNS }))
      return {
        info: {
          source: { kind: 'numbers', database: 'test' },
          id: null,
          position: null,
          takenAt: '2026-03-01T03:00:00Z',
        },
        parallel: 2,
        tables: async () => schemas,
        read: ({ name }) => ({
          rows: (async function* () {
            const values = tables[name] ?? []
            if (values.length > 0) yield values.map((value) => [value, `number ${value}`])
          })(),
        }),
        close: async () => {},
      }
    },
  }
}

/** As the source of a `TestHouse`, and it tells which tables have changed. */
export function tellingNumbers(tables: Tables): Source {
  const source = numbers(tables)
  return {
    async open(signal) {
      const snapshot = await source.open(signal)
      return {
        ...snapshot,
        detect: async (requests) =>
          requests.map(({ table: { name }, earlier }): Detection => {
            const state = { kind: 'numbers', version: 1, values: JSON.stringify(tables[name]) }
            const before = earlier?.state as Partial<typeof state> | undefined
            if (before?.values === state.values) return { changed: false, state, by: 'count' }
            return { changed: true, reason: { id: 'rows-changed', text: 'other numbers' }, state }
          }),
      }
    },
  }
}

/**
 * Returns a generator of numbers between 0 and 1, the same for the same seed:
 * https://en.wikipedia.org/wiki/Linear_congruential_generator
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
