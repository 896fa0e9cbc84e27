import {
  type Day,
  DwhError,
  type EtlState,
  type ObjectStore,
  parseAsOf,
  type TableEntry,
  type TakenAt,
  takenAtOf,
} from '@dwh/core'
import { readState } from '@dwh/metadata'
import { manifestAt } from './manifest-at.ts'

/** The tables of one day or of now, and the state of the warehouse. */
export interface TablesOf {
  readonly state: EtlState
  readonly tables: Readonly<Record<string, TableEntry>>
  /** The day of these tables: the last day at or before `askedDay`. Null for the current tables. */
  readonly day: Day | null
  /** The day that was asked for, such as the day that `yesterday` means. Null for the current tables. */
  readonly askedDay: Day | null
  /** The last run that wrote the manifest of the day or, for the current tables, `etl.json`. */
  readonly runId: string | null
  /** Null if there are no tables. */
  readonly takenAt: TakenAt | null
}

export interface ReadTablesOptions {
  /** A day, as `parseAsOf` reads it. Default: the current tables. */
  readonly asOf?: string | undefined
  /** The day now, in the time zone of the warehouse. */
  readonly today: Day
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the current tables, or those of the last day at or before the day asked for.
 * @throws DwhError CONFIG_INVALID if there is no warehouse yet, or no day at or before that day; ABORTED
 */
export async function readTables(store: ObjectStore, { asOf, today, signal }: ReadTablesOptions): Promise<TablesOf> {
  const askedDay = asOf === undefined ? null : parseAsOf(asOf, today)
  const { state } = await readState(store, { signal })
  if (state.status === 'none')
    throw new DwhError('CONFIG_INVALID', `${store.url}: no warehouse here yet`, {
      hint: 'Create one with `dwh run`, or point --storage or DWH_STORAGE at an existing one.',
    })
  const { tables, date, run_id } =
    askedDay === null ? { ...state, date: null } : await manifestAt(store, state, askedDay, signal)
  return { state, tables, day: date, askedDay, runId: run_id, takenAt: takenAtOf(tables) }
}
