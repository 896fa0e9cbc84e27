import {
  type Day,
  DwhError,
  type EtlState,
  isDwhError,
  manifestDay,
  type ObjectStore,
  parseDay,
  SNAPSHOTS_PREFIX,
  type TableEntry,
} from '@dwh/core'
import { readManifest, readState } from '@dwh/metadata'

/** The tables of one day or of now, and the state of the warehouse. */
export interface TablesOf {
  readonly state: EtlState
  readonly tables: Readonly<Record<string, TableEntry>>
}

/** Lists every day of the warehouse, in order. */
export async function listDays(store: ObjectStore, signal: AbortSignal | undefined): Promise<Day[]> {
  const days: Day[] = []
  for await (const { key } of store.list(SNAPSHOTS_PREFIX, { signal })) {
    const day = manifestDay(key)
    if (day) days.push(day)
  }
  return days
}

/**
 * Reads the current tables, or those of a day.
 * @throws DwhError CONFIG_INVALID if there is no warehouse yet, or no tables of that day; ABORTED
 */
export async function readTables(
  store: ObjectStore,
  asOf: string | undefined,
  signal: AbortSignal | undefined,
): Promise<TablesOf> {
  const { state } = await readState(store, { signal })
  if (asOf === undefined) {
    if (state.status !== 'none') return { state, tables: state.tables }
    throw new DwhError('CONFIG_INVALID', `${store.url}: no warehouse here yet`, {
      hint: 'Create one with `dwh run`, or point --storage or DWH_STORAGE at an existing one.',
    })
  }
  const day = parseDay(asOf)
  const manifest = await readManifest(store, state, day, { signal })
  if (manifest) return { state, tables: manifest.tables }
  throw new DwhError('CONFIG_INVALID', `${day}: the warehouse has no tables of that day`, {
    hint: await nearestDays(store, day, signal),
  })
}

async function nearestDays(store: ObjectStore, day: Day, signal: AbortSignal | undefined): Promise<string> {
  let days: Day[]
  try {
    days = await listDays(store, signal)
  } catch (error) {
    // a web server cannot list files
    if (isDwhError(error, 'STORE_DENIED')) return 'This storage cannot list its days.'
    throw error
  }
  const near = [days.filter((d) => d < day).at(-1), days.find((d) => d > day)].filter((d) => d !== undefined)
  return near.length > 0 ? `Nearest days: ${near.join(', ')}.` : 'The warehouse has no days yet.'
}
