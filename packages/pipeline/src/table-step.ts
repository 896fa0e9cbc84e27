import { createHash } from 'node:crypto'
import type { DetectionState, ReadReason, TableEntry } from '@dwh/core'
import type { SelectedTable } from './select-tables.ts'

/** What a run does with a table: it reads it, or publishes its current files again. */
export type TableStep = ReadStep | KeepStep

export interface ReadStep {
  readonly action: 'read'
  /** Null for a new table. */
  readonly reason: ReadReason | null
  /** To store with the files; null if the source cannot tell later whether the table has changed. */
  readonly state: DetectionState | null
}

export interface KeepStep {
  readonly action: 'keep'
  /** The current version, which has the rows of the snapshot. */
  readonly entry: TableEntry
  readonly state: DetectionState
  /** True if the proof is to be renewed first. */
  readonly prove: boolean
}

/**
 * SHA-256 of all that decides, besides its rows, what the files of a table are: as the settings and the source have it,
 * without what is remembered of an earlier version. How a table is read makes no difference to its files.
 */
export function settingsHash(source: string, { table, columns, primaryKey, where }: SelectedTable): string {
  const described = columns.map(({ name, as, type, inferred = false, storeAs, storedFor, readBy, ...column }) => [
    [name, as, column.sourceType, column.nullable ?? true],
    // the rows decide an inferred type
    [inferred ? null : type, storeAs, storedFor, readBy, column.misreadBy],
  ])
  const settings = [source, table.schema, table.name, described, primaryKey, where]
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex')
}
