/*
 * Which tables have exactly the same rows as at an earlier snapshot. A source that can tell offers
 * `SourceSnapshot.detect`. Its answer is exact: `changed: false` means that a full read in this snapshot would give the
 * rows that the warehouse holds, in the same form.
 */

/**
 * What a source needs to know about a snapshot to compare a later one with it: plain JSON, about 600 bytes, to be
 * stored as it is beside the files that were read in that snapshot. Only the source that made it reads its fields.
 */
export interface DetectionState {
  /** The kind of source, as `SourceIdentity.kind`. */
  readonly kind: string
  /** Version of the fields below; a source treats an unknown version as no state. */
  readonly version: number
  readonly [field: string]: unknown
}

/** What the warehouse holds of a table. */
export interface EarlierRows {
  /**
   * The state stored with the files, as it was read back. If it is damaged or of another version, the answer is
   * `no-state`.
   */
  readonly state: unknown
  /** Number of rows in the files. */
  readonly rows: number
}

export const CHANGE_REASONS = [
  'no-state',
  'other-server',
  'structure-changed',
  'storage-changed',
  'reading-changed',
  'rows-changed',
  'not-detectable',
  'not-compared',
] as const

/**
 * Why a table has to be read. Stable across versions.
 * - `no-state`: nothing to compare with: never read, or read by a version that did not record it
 * - `other-server`: another server, or one that crashed, was promoted, restored or restarted
 * - `structure-changed`: columns, types, labels of enums, versions of extensions
 * - `storage-changed`: truncated, rewritten, or a part attached or detached
 * - `reading-changed`: other columns, a choice of the user, or another way to read a type
 * - `rows-changed`: rows were inserted, updated or deleted
 * - `not-detectable`: nothing can tell: a view, a condition, a type whose text depends on more than its table
 * - `not-compared`: the comparison failed this time, as on a locked table
 */
export type ChangeReasonId = (typeof CHANGE_REASONS)[number]

export interface ChangeReason extends ReadReason {
  readonly id: ChangeReasonId
}

/**
 * Why a run reads a table in full: what the source says, or
 * - `full-refresh`: the user asked for it
 * - `settings-changed`: its names, its key, its readers or the level of its proof
 * - `file-missing`: its file is not in the storage, or has another size
 * - `proof-due`: its proof is as old as `reprove` allows, and only a read can renew it
 * - `proof-failed`: the source has another profile than the file, although it saw no change
 *
 * Stable across versions.
 */
export type ReadReasonId =
  | ChangeReasonId
  | 'full-refresh'
  | 'settings-changed'
  | 'file-missing'
  | 'proof-due'
  | 'proof-failed'

export interface ReadReason {
  readonly id: ReadReasonId
  /** As a clause without a full stop, such as `2 rows are new or updated`. */
  readonly text: string
}

/** The answer for one table. */
export type Detection =
  | {
      readonly changed: false
      /** The state of this snapshot. Store it instead of the earlier one. */
      readonly state: DetectionState
      /** `idle`: nothing was written in the whole server, so nothing was counted. */
      readonly by: 'idle' | 'count'
    }
  | {
      readonly changed: true
      readonly reason: ChangeReason
      /** To store with the files that are read in this snapshot; null if the table is not detectable. */
      readonly state: DetectionState | null
    }
