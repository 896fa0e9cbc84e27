import { createHash } from 'node:crypto'
import type { Day } from './day.ts'
import { DEFAULT_SCHEMA, type TableName } from './table-name.ts'

/*
 * The layout of the lake. This is the only module that spells a key.
 * Keys are relative to the storage root, use `/`, and hold only `A-Z a-z 0-9 _ - . % ~ /`.
 */

/** The commit point: describes the last good run and every current file. */
export const STATE_KEY = 'etl.json'

/** The lease: owner and expiry. */
export const LEASE_KEY = '_dwh/lock.json'

/** Local folders only: the numbered generations behind conditional puts. */
export const GENERATIONS_PREFIX = '_dwh/generations/'

/** Local folders only: files that are still being written. */
export const INCOMING_PREFIX = '_dwh/incoming/'

/** Buckets only: objects that test whether the server honours conditions. */
export const PROBE_PREFIX = '_dwh/probe/'

export const RUNS_PREFIX = '_dwh/runs/'

/** The files of the tables, the manifests of days and the indexes of months: written once, never replaced. */
export const PARTS_PREFIX = '_dwh/parts/'
export const DAYS_PREFIX = '_dwh/days/'
export const INDEX_PREFIX = '_dwh/index/'

/** Versions 1 to 3 only: manifests of days at fixed keys, objects of a run before its commit, and replaced objects. */
export const SNAPSHOTS_PREFIX = '_dwh/snapshots/'
export const STAGE_PREFIX = '_dwh/stage/'
export const RETAINED_PREFIX = '_dwh/kept/'

/** The longest segment that is not shortened, in bytes. File systems allow 255, and temporary names need the rest. */
const SEGMENT_BYTES = 200

/**
 * Returns the folder of a table: `customers`, or `billing.invoices` outside schema `public`. Percent-encoded, so no
 * name can leave its folder or act as a glob.
 */
export function tableSegment(table: TableName): string {
  const name = encodeName(table.name)
  const segment = table.schema === DEFAULT_SCHEMA ? name : `${encodeName(table.schema)}.${name}`
  if (segment.length <= SEGMENT_BYTES) return segment
  const hash = createHash('sha256').update(segment).digest('hex').slice(0, 32)
  const prefix = segment.slice(0, SEGMENT_BYTES - hash.length - 1).replace(/%.?$/, '')
  return `${prefix}~${hash}`
}

/** Percent-encodes the UTF-8 bytes outside `[A-Za-z0-9_-]` (also dots), and a leading `_`, reserved for `_dwh`. */
export function encodeName(name: string): string {
  let encoded = ''
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte)
    const plain = /[A-Za-z0-9-]/.test(character) || (character === '_' && encoded !== '')
    encoded += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** Returns the key of a table's file, written once: `_dwh/parts/customers/2026/02/18-<run>.parquet`. */
export function partKey(table: TableName, day: Day, runId: string): string {
  return `${PARTS_PREFIX}${tableSegment(table)}/${day.replaceAll('-', '/')}-${runId}.parquet`
}

/** Returns the key of the manifest of a day, written once: `_dwh/days/2026/02/18-<run>.json`. */
export function dayManifestKey(day: Day, runId: string): string {
  return `${DAYS_PREFIX}${day.replaceAll('-', '/')}-${runId}.json`
}

/** Returns the key of the plain copy of a file: `customers/2026/02/18.parquet`; null for any other key than its. */
export function plainCopyKey(key: string): string | null {
  const [, table, day] = /^_dwh\/parts\/([^/]+)\/(\d{4}\/\d\d\/\d\d)-[^/]+\.parquet$/.exec(key) ?? []
  return table === undefined || day === undefined ? null : `${table}/${day}.parquet`
}

/** Returns the day of the manifest with this key, written once; null for any other key. */
export function dayManifestDay(key: string): Day | null {
  const [, day] = /^_dwh\/days\/(\d{4}\/\d\d\/\d\d)-[^/]+\.json$/.exec(key) ?? []
  return day?.replaceAll('/', '-') ?? null
}

/** A month: `2026-02`. */
export type Month = string

export function monthOf(day: Day): Month {
  return day.slice(0, 7)
}

/** Returns the key of the index of a month, written once: `_dwh/index/2026-02-20260218T030012Z-7f3a90c2.json`. */
export function monthIndexKey(month: Month, runId: string): string {
  return `${INDEX_PREFIX}${month}-${runId}.json`
}

/** Returns the run in a key that is written once; null for any other key. */
export function writtenBy(key: string): string | null {
  if (![PARTS_PREFIX, DAYS_PREFIX, INDEX_PREFIX].some((prefix) => key.startsWith(prefix))) return null
  return /-(\d{8}T\d{6}Z-[0-9a-f]+)\.(?:parquet|json)$/.exec(key)?.[1] ?? null
}

/** The plain copy of a table's day, for people and other programs: `customers/2026/02/18.parquet`. */
export function tableFileKey(table: TableName, day: Day): string {
  return `${tableSegment(table)}/${day.replaceAll('-', '/')}.parquet`
}

/** Returns the day of a table's file; null for any other key. */
export function tableFileDay(key: string): Day | null {
  const match = /^(?!_dwh\/)[^/]+\/(\d{4})\/(\d\d)\/(\d\d)\.parquet$/.exec(key)
  return match ? `${match[1]}-${match[2]}-${match[3]}` : null
}

/** True for the keys that `dwh` reserves for itself, apart from `etl.json`. */
export function isInternal(key: string): boolean {
  return key.startsWith('_dwh/')
}

/** Returns the key of a day's manifest: `_dwh/snapshots/2026/02/18.json`. */
export function manifestKey(day: Day): string {
  return `${SNAPSHOTS_PREFIX}${day.replaceAll('-', '/')}.json`
}

/** Returns the day of a manifest's key; null for any other key. */
export function manifestDay(key: string): Day | null {
  const match = /^_dwh\/snapshots\/(\d{4})\/(\d\d)\/(\d\d)\.json$/.exec(key)
  return match ? `${match[1]}-${match[2]}-${match[3]}` : null
}

/** Returns the key of a run's record: `_dwh/runs/20260218T030012Z-7f3a90c2.json`. */
export function runRecordKey(runId: string): string {
  return `${RUNS_PREFIX}${runId}.json`
}

/** Returns the key of the records of a day, written once by a later run: `_dwh/runs/20260218-<run>.json`. */
export function dayRecordsKey(day: Day, runId: string): string {
  return `${RUNS_PREFIX}${day.replaceAll('-', '')}-${runId}.json`
}

/** What an object below `RUNS_PREFIX` holds: the record of one run, or those of runs that began on a day, in UTC. */
export interface RecordsKey {
  /** Null for the records of a day. */
  readonly run: string | null
  readonly day: Day
}

/** Reads such a key; null for any other. */
export function recordsKey(key: string): RecordsKey | null {
  if (!key.startsWith(RUNS_PREFIX)) return null
  const [, date, run] =
    /^(\d{8})(?:(T\d{6}Z-[0-9a-f]+)|-\d{8}T\d{6}Z-[0-9a-f]+)\.json$/.exec(key.slice(RUNS_PREFIX.length)) ?? []
  if (date === undefined) return null
  return { run: run === undefined ? null : date + run, day: date.replace(/(....)(..)(..)/, '$1-$2-$3') }
}

/** Returns the key where a run stages a verified object before the commit, outside every table's glob. */
export function stageKey(runId: string, finalKey: string): string {
  return `${STAGE_PREFIX}${runId}/${finalKey}`
}

/** Splits a key of `stageKey` into run and final key; null for any other key. */
export function stagedKey(key: string): { readonly runId: string; readonly finalKey: string } | null {
  if (!key.startsWith(STAGE_PREFIX)) return null
  const [, runId, finalKey] = /^([^/]+)\/(.+)$/.exec(key.slice(STAGE_PREFIX.length)) ?? []
  return runId === undefined || finalKey === undefined ? null : { runId, finalKey }
}

/** Makes a run's id: its start to the second in UTC, and random bits that make it unique. Ids sort by start. */
export function formatRunId(startedAt: Date, random: Uint8Array): string {
  const time = startedAt.toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${Buffer.from(random).toString('hex')}`
}

/** Reads the start of a run, to the second, from its id; null for a text that is not a run's id. */
export function runStartedAt(runId: string): Date | null {
  const [, day, hour, minute, second] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]+$/.exec(runId) ?? []
  if (day === undefined) return null
  return new Date(`${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${hour}:${minute}:${second}Z`)
}
