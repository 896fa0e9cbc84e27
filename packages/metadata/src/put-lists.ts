import { createHash } from 'node:crypto'
import {
  type Day,
  type DayManifest,
  dayManifestKey,
  type EtlState,
  type FileEntry,
  type IndexedDay,
  type IndexRoot,
  type Month,
  type MonthIndex,
  monthIndexKey,
  type ObjectRef,
  type ObjectStore,
} from '@dwh/core'
import { forEach } from './for-each.ts'
import { FORMAT_VERSION } from './old-formats.ts'
import { serialise } from './parse-state.ts'
import { filesOfDay } from './read-days.ts'

/** A day of an index that is being made. */
export interface DayFiles {
  readonly manifest: ObjectRef
  /** The files of each table. */
  readonly tables: ReadonlyMap<string, readonly FileEntry[]>
  readonly complete?: IndexedDay['complete']
}

/** The days of a month that is being made. */
export type MonthDays = ReadonlyMap<Day, DayFiles>

/** Stores the manifest of a day under a key of its own, and returns what an index says about it. */
export async function putManifest(store: ObjectStore, runId: string, manifest: DayManifest): Promise<DayFiles> {
  return dayFiles(await putOnce(store, dayManifestKey(manifest.date, runId), manifest), manifest)
}

/** Returns what an index says about a day. */
export function dayFiles(ref: ObjectRef, { tables }: DayManifest): DayFiles {
  const policies = Object.entries(tables).flatMap(([name, { complete = 'daily' }]) =>
    complete === 'daily' ? [] : [[name, complete] as const],
  )
  return {
    manifest: ref,
    tables: new Map(Object.entries(tables).map(([name, { files }]) => [name, files])),
    ...(policies.length === 0 ? {} : { complete: Object.fromEntries(policies) }),
  }
}

/** Returns the days of an index, to change them. */
export function daysOf(index: MonthIndex | null): Map<Day, DayFiles> {
  const days = Object.entries(index?.days ?? {})
  return new Map(
    days.map(([day, { tables: _, ...indexed }]) => [
      day,
      { ...indexed, tables: filesOfDay(index as MonthIndex, day) ?? new Map() },
    ]),
  )
}

/** The months that a commit changes. */
export interface ChangedMonths {
  readonly runId: string
  /** By month; one without days is left out of the next `etl.json`. */
  readonly months: ReadonlyMap<Month, MonthDays>
  /** The month whose index tells of all others: one of `months`, with days. */
  readonly root: Month
  /** The tables that are current after the commit. */
  readonly tables: EtlState['tables']
  readonly sources: IndexRoot['sources']
}

/**
 * Stores the indexes of the changed months, that of the root last, and returns the references to all months, as the
 * next `etl.json` names them. Nobody names the new ones yet.
 */
export async function putMonths(
  store: ObjectStore,
  base: EtlState,
  { runId, months, root, tables, sources }: ChangedMonths,
): Promise<EtlState['months']> {
  const next: Record<Month, ObjectRef> = { ...base.months }
  const put = async (month: Month, days: MonthDays, ofAll?: IndexRoot) => {
    const index = makeIndex(days, { month, run_id: runId, fencing_token: base.fencing_token, root: ofAll })
    next[month] = await putOnce(store, monthIndexKey(month, runId), index)
  }
  await forEach([...months], async ([month, days]) => {
    if (days.size === 0) delete next[month]
    else if (month !== root) await put(month, days)
  })
  const { [root]: _, ...others } = next
  const current = Object.fromEntries(Object.entries(tables).map(([name, { date }]) => [name, date]))
  await put(root, months.get(root) ?? new Map(), { others, current, sources })
  return Object.fromEntries(Object.entries(next).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function makeIndex(
  days: MonthDays,
  known: Pick<MonthIndex, 'month' | 'run_id' | 'fencing_token' | 'root'>,
): MonthIndex {
  const files: FileEntry[] = []
  const positions = new Map<string, number>()
  const positionOf = (file: FileEntry): number => {
    const found = positions.get(file.key)
    if (found !== undefined) return found
    positions.set(file.key, files.length)
    return files.push(file) - 1
  }
  const indexed = [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, { tables, ...known }]) => {
      const named = [...tables].map(([name, of]) => [name, of.map(positionOf)] as const)
      return [day, { ...known, tables: Object.fromEntries(named) }] as const satisfies [Day, IndexedDay]
    })
  return { version: FORMAT_VERSION, ...known, days: Object.fromEntries(indexed), files }
}

async function putOnce(store: ObjectStore, key: string, value: DayManifest | MonthIndex): Promise<ObjectRef> {
  const body = serialise(value)
  await store.put(key, body)
  return { key, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }
}
