import { createHash } from 'node:crypto'
import type { WarehouseObjects } from './warehouse-objects.ts'

/*
 * Types of `etl.json`, of indexes and of lists as docs/lake.md describes them. They are written down again here,
 * without code of the packages, so that a mistake there is not repeated.
 */

export interface PromisedObject {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
}

export interface PromisedFile extends PromisedObject {
  readonly rows: number
}

export interface PromisedTable {
  readonly run_id: string
  /** Only of a table whose files an earlier run has read. */
  readonly read_at?: string
  readonly date: string
  readonly snapshot: { readonly id: string | null; readonly position: string | null; readonly taken_at: string }
  readonly files: readonly PromisedFile[]
}

export interface RetiredGroup {
  readonly run_id: string
  readonly until: string | null
  readonly days: readonly string[]
  readonly keys: readonly string[]
}

export interface Etl {
  readonly version: number
  readonly status: string
  readonly run_id: string | null
  readonly fencing_token: number
  readonly months: Readonly<Record<string, PromisedObject>>
  readonly copies_pending: readonly string[]
  readonly retired: readonly RetiredGroup[]
  readonly tables: Readonly<Record<string, PromisedTable>>
}

export interface MonthIndex {
  readonly month: string
  readonly run_id: string
  readonly fencing_token: number
  readonly days: Readonly<
    Record<string, { readonly manifest: PromisedObject; readonly tables: Readonly<Record<string, readonly number[]>> }>
  >
  readonly files: readonly PromisedFile[]
  readonly root?: {
    readonly others: Readonly<Record<string, PromisedObject>>
    readonly current: Readonly<Record<string, string>>
  }
}

export interface DayList {
  readonly date: string
  readonly run_id: string
  readonly tables: Readonly<Record<string, PromisedTable>>
}

const GENERATIONS = '_dwh/generations/etl.json/'

/**
 * Returns the bytes of `etl.json`; in a folder, those of the highest generation, after one `=`. Null if there is none.
 */
export async function readEtlText(objects: WarehouseObjects): Promise<string | null> {
  if (!objects.isFolder) return (await objects.read('etl.json'))?.toString() ?? null
  for (;;) {
    const last = await highest(objects)
    if (last === undefined) return (await objects.read('etl.json'))?.toString() ?? null
    const content = await objects.read(last)
    // another writer emptied it when it made the next one
    if (content?.length === 0 && (await highest(objects)) !== last) continue
    if (content?.[0] !== 0x3d) throw new Error(`${last}: the generation has no value: ${content?.length} bytes`)
    return content.subarray(1).toString()
  }
}

async function highest(objects: WarehouseObjects): Promise<string | undefined> {
  const keys = await objects.keys()
  return keys
    .filter((key) => key.startsWith(GENERATIONS))
    .sort()
    .at(-1)
}

/** Parses a file whose last field is its own checksum. */
export function parseChecked<T>(name: string, text: string): T {
  const parsed = JSON.parse(text)
  const tail = /("checksum": ?")([0-9a-f]{64})("\n?\}\n)$/.exec(text)
  if (!tail) throw new Error(`${name}: no checksum at the end`)
  const empty = `${text.slice(0, tail.index)}${tail[1]}${tail[3]}`
  if (sha256(empty) !== tail[2]) throw new Error(`${name}: its checksum does not match`)
  return parsed
}

export function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
