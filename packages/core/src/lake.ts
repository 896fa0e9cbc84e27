import { createHash } from 'node:crypto'
import type { Day } from './day.ts'
import { DEFAULT_SCHEMA, type TableName } from './table-name.ts'

/*
 * The layout of the lake. This is the only module that spells a key.
 * Keys are relative to the storage root, use `/`, and hold only `A-Z a-z 0-9 _ - . % ~ /`.
 */

/** The commit point: the last good run and every current file. */
export const STATE_KEY = 'etl.json'

/** The lease: owner and expiry. */
export const LEASE_KEY = '_dwh/lock.json'

/** Local folders only: the numbered generations behind conditional puts. */
export const GENERATIONS_PREFIX = '_dwh/generations/'

/** Local folders only: files on their way in. */
export const INCOMING_PREFIX = '_dwh/incoming/'

/** Buckets only: objects that find out whether conditions are honoured. */
export const PROBE_PREFIX = '_dwh/probe/'

export const RUNS_PREFIX = '_dwh/runs/'
export const SNAPSHOTS_PREFIX = '_dwh/snapshots/'
export const STAGE_PREFIX = '_dwh/stage/'
export const RETAINED_PREFIX = '_dwh/kept/'

/** The longest segment that is kept whole, in bytes. File systems allow 255, and temporary names need some room. */
const SEGMENT_BYTES = 200

/** `customers`, or `billing.invoices` outside schema `public`; percent-encoded, so no name can leave its folder or act as a glob. */
export function tableSegment(table: TableName): string {
  const name = encodeName(table.name)
  const segment = table.schema === DEFAULT_SCHEMA ? name : `${encodeName(table.schema)}.${name}`
  if (segment.length <= SEGMENT_BYTES) return segment
  const hash = createHash('sha256').update(segment).digest('hex').slice(0, 32)
  const prefix = segment.slice(0, SEGMENT_BYTES - hash.length - 1).replace(/%.?$/, '')
  return `${prefix}~${hash}`
}

/** Percent-encodes the UTF-8 bytes outside `[A-Za-z0-9_-]` (a dot, too), and a leading `_`, which belongs to `_dwh`. */
export function encodeName(name: string): string {
  let encoded = ''
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte)
    const plain = /[A-Za-z0-9-]/.test(character) || (character === '_' && encoded !== '')
    encoded += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** `customers/2026/02/18.parquet` */
export function tableFileKey(table: TableName, day: Day): string {
  return `${tableSegment(table)}/${day.replaceAll('-', '/')}.parquet`
}

/** The day of a table's file; null for a key that is none. */
export function tableFileDay(key: string): Day | null {
  const match = /^(?!_dwh\/)[^/]+\/(\d{4})\/(\d\d)\/(\d\d)\.parquet$/.exec(key)
  return match ? `${match[1]}-${match[2]}-${match[3]}` : null
}

/** Whether it is one of those that are no table's: `etl.json` apart, all that `dwh` keeps for itself. */
export function isInternal(key: string): boolean {
  return key.startsWith('_dwh/')
}

/** `_dwh/snapshots/2026/02/18.json`: the manifest of that day. */
export function manifestKey(day: Day): string {
  return `${SNAPSHOTS_PREFIX}${day.replaceAll('-', '/')}.json`
}

/** The day of a manifest's key; null for a key that is none. */
export function manifestDay(key: string): Day | null {
  const match = /^_dwh\/snapshots\/(\d{4})\/(\d\d)\/(\d\d)\.json$/.exec(key)
  return match ? `${match[1]}-${match[2]}-${match[3]}` : null
}

/** `_dwh/runs/20260218T030012Z-7f3a90c2.json`: the record of one run. */
export function runRecordKey(runId: string): string {
  return `${RUNS_PREFIX}${runId}.json`
}

/** Where a run puts a verified object before the commit, outside every table's glob. */
export function stageKey(runId: string, finalKey: string): string {
  return `${STAGE_PREFIX}${runId}/${finalKey}`
}

/** The run and the final key of `stageKey`; null for a key that is none. */
export function stagedKey(key: string): { readonly runId: string; readonly finalKey: string } | null {
  if (!key.startsWith(STAGE_PREFIX)) return null
  const [, runId, finalKey] = /^([^/]+)\/(.+)$/.exec(key.slice(STAGE_PREFIX.length)) ?? []
  return runId === undefined || finalKey === undefined ? null : { runId, finalKey }
}

/** Where a run keeps what it is going to overwrite: under its own id, so that a copy that comes too late is one that nobody names. */
export function retainedKey(runId: string, finalKey: string): string {
  return `${RETAINED_PREFIX}${runId}/${finalKey}`
}

/** A run's id: its start to the second in UTC, and random bits, so that none is ever used twice. Ids sort by start. */
export function formatRunId(startedAt: Date, random: Uint8Array): string {
  const time = startedAt.toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${Buffer.from(random).toString('hex')}`
}

/** When a run began, to the second, by its id; null for what is no run's id. */
export function runStartedAt(runId: string): Date | null {
  const [, day, hour, minute, second] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]+$/.exec(runId) ?? []
  if (day === undefined) return null
  return new Date(`${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${hour}:${minute}:${second}Z`)
}
