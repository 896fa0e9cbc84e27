import {
  type Day,
  type DayManifest,
  type EtlState,
  type MonthIndex,
  manifestDay,
  SNAPSHOTS_PREFIX,
  STATE_KEY,
  stagedKey,
  whereToLook,
} from '@dwh/core'
import type { Objects } from './objects.ts'

/** What an `etl.json` reaches. */
export interface Reached {
  readonly state: EtlState
  /** By key, the SHA-256 of its bytes. */
  readonly keys: ReadonlyMap<string, string>
  /** By day and table, the key of the file. */
  readonly days: ReadonlyMap<Day, ReadonlyMap<string, { readonly runId: string; readonly key: string }>>
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
  const days = new Map<Day, Map<string, { runId: string; key: string }>>()
  let missing: string | null = null
  const need = ({ key, sha256 }: { key: string; sha256: string }) => {
    keys.set(key, sha256)
    if (objects.at(key)?.sha256 !== sha256) missing ??= key
  }
  const needFiles = ({ tables }: Pick<DayManifest, 'tables'>) => {
    for (const { files } of Object.values(tables)) files.forEach(need)
  }
  needFiles(state)
  for (const ref of Object.values(state.months)) {
    need(ref)
    const index = parse<MonthIndex>(objects, ref.key)
    for (const [day, { manifest: named, tables }] of Object.entries(index?.days ?? {})) {
      need(named)
      const manifest = parse<DayManifest>(objects, named.key)
      if (!manifest) continue
      needFiles(manifest)
      days.set(day, tablesOf(manifest))
      const ofIndex = Object.entries(tables).map(([name, at]) => [name, at.map((i) => index?.files[i]?.key)])
      const ofList = Object.entries(manifest.tables).map(([name, { files }]) => [name, files.map(({ key }) => key)])
      if (JSON.stringify(ofIndex) !== JSON.stringify(ofList)) missing ??= `${named.key} as ${ref.key} describes it`
    }
  }
  return { state, keys, days, missing }
}

/** A warehouse of version 3. */
function followOlder(objects: Objects, found: EtlState): Reached {
  const { publishing, retained } = found as unknown as NonNullable<EtlState['older']>
  const state = { ...found, older: { publishing, retained, pruned: [] } }
  const keys = new Map<string, string>()
  const days = new Map<Day, Map<string, { runId: string; key: string }>>()
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

function tablesOf({ tables }: DayManifest): Map<string, { runId: string; key: string }> {
  return new Map(
    Object.entries(tables).map(([name, { run_id, files }]) => [name, { runId: run_id, key: files[0]?.key ?? '' }]),
  )
}
