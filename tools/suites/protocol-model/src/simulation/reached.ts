import { isDeepStrictEqual } from 'node:util'
import {
  type CopyPolicy,
  type Day,
  type DayManifest,
  type EtlState,
  type MonthIndex,
  manifestDay,
  plainCopyKey,
  SNAPSHOTS_PREFIX,
  STATE_KEY,
  stagedKey,
  type TableEntry,
  whereToLook,
} from '@dwh/core'
import type { Objects } from './objects.ts'

/** A version of a table: its bytes, and whether its day has a plain copy of them. */
export interface Version {
  readonly sha256: string
  /** The plain path of the day for which its file was stored. */
  readonly path: string
  readonly complete: CopyPolicy
}

/** By table. */
export type Versions = ReadonlyMap<string, Version>

export function versionOf({ files, complete = 'daily' }: TableEntry): Version {
  const { key = '', sha256 = '' } = files[0] ?? {}
  return { sha256, path: plainCopyKey(key) ?? key, complete }
}

/** What an `etl.json` reaches. */
export interface Reached {
  readonly state: EtlState
  /** By key, the SHA-256 of its bytes. */
  readonly keys: ReadonlyMap<string, string>
  /** By day and table. */
  readonly days: ReadonlyMap<Day, Versions>
  /** What is not there with its bytes; null: all is. */
  readonly missing: string | null
}

const parsed = new WeakMap<Uint8Array, unknown>()

function parse<T>(objects: Objects, key: string): T | undefined {
  const body = objects.at(key)?.body
  if (!body) return undefined
  if (!parsed.has(body)) parsed.set(body, JSON.parse(Buffer.from(body).toString()))
  return parsed.get(body) as T
}

/** Follows `etl.json` from outside: by the text of the objects, not by the code under test. */
export function follow(objects: Objects): Reached | null {
  const state = parse<EtlState & { publishing?: unknown }>(objects, STATE_KEY)
  if (!state) return null
  return state.publishing === undefined ? followNew(objects, state) : followOlder(objects, state)
}

function followNew(objects: Objects, state: EtlState): Reached {
  const keys = new Map<string, string>()
  const days = new Map<Day, Versions>()
  let missing: string | null = null
  const need = ({ key, sha256 }: { key: string; sha256: string }) => {
    keys.set(key, sha256)
    if (objects.at(key)?.sha256 !== sha256) missing ??= key
  }
  const needFiles = ({ tables }: Pick<DayManifest, 'tables'>) => {
    for (const { files } of Object.values(tables)) files.forEach(need)
  }
  needFiles(state)
  let newest: MonthIndex | undefined
  for (const ref of Object.values(state.months)) {
    need(ref)
    const index = parse<MonthIndex>(objects, ref.key)
    if (index?.root && index.fencing_token >= (newest?.fencing_token ?? 0)) newest = index
    for (const [day, { manifest: named, tables, complete = {} }] of Object.entries(index?.days ?? {})) {
      need(named)
      const manifest = parse<DayManifest>(objects, named.key)
      if (!manifest) continue
      needFiles(manifest)
      days.set(day, tablesOf(manifest))
      const ofIndex = Object.entries(tables).map(([name, at]) => {
        return [name, at.map((i) => index?.files[i]?.key), complete[name] ?? 'daily']
      })
      const ofList = Object.entries(manifest.tables).map(([name, { files, complete: policy = 'daily' }]) => {
        return [name, files.map(({ key }) => key), policy]
      })
      if (JSON.stringify(ofIndex) !== JSON.stringify(ofList)) missing ??= `${named.key} as ${ref.key} describes it`
    }
  }
  if (days.size > 0 && !tellsOfAll(newest, state)) missing ??= 'a root that tells of all that it names'
  return { state, keys, days, missing }
}

/** Whether the newest root says what a repair needs if `etl.json` is lost. */
function tellsOfAll(index: MonthIndex | undefined, { months, tables, sources }: EtlState): boolean {
  if (!index?.root) return false
  const { [index.month]: _, ...others } = months
  const current = Object.fromEntries(Object.entries(tables).map(([name, { date }]) => [name, date]))
  return isDeepStrictEqual(index.root, { others, current, sources })
}

/** A warehouse of version 3. */
function followOlder(objects: Objects, found: EtlState): Reached {
  const { publishing, retained } = found as unknown as NonNullable<EtlState['older']>
  const state = { ...found, older: { publishing, retained, pruned: [] } }
  const keys = new Map<string, string>()
  const days = new Map<Day, Versions>()
  let missing: string | null = null
  const needFiles = ({ tables }: Pick<DayManifest, 'tables'>) => {
    for (const file of Object.values(tables).flatMap(({ files }) => files)) {
      const holder = whereToLook(state, file).find((key) => objects.at(key)?.sha256 === file.sha256)
      if (holder) keys.set(holder, file.sha256)
      else missing ??= file.key
    }
  }
  needFiles(state)
  const lists = new Map(objects.keys(SNAPSHOTS_PREFIX).map((key) => [manifestDay(key)!, key]))
  if (publishing)
    for (const key of objects.keys(`_dwh/stage/${publishing.run_id}/${SNAPSHOTS_PREFIX}`))
      lists.set(manifestDay(stagedKey(key)?.finalKey ?? '')!, key)
  for (const [day, key] of lists) {
    const manifest = parse<DayManifest>(objects, key)!
    keys.set(key, objects.at(key)!.sha256)
    needFiles(manifest)
    days.set(day, tablesOf(manifest))
  }
  return { state, keys, days, missing }
}

function tablesOf({ tables }: DayManifest): Versions {
  return new Map(Object.entries(tables).map(([name, entry]) => [name, versionOf(entry)]))
}
