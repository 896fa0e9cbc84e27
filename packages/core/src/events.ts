import type { ReadReason } from './detection.ts'
import type { ExtractionMethod } from './source.ts'

/** What happens in a run, as data. Tables go by their name in the warehouse. */
export type RunEvent =
  /** The sources are asked which tables have changed since they were last read. */
  | { readonly type: 'detect'; readonly tables: number }
  | { readonly type: 'run-start'; readonly runId: string; readonly date: string; readonly tables: readonly string[] }
  | {
      readonly type: 'table-start'
      readonly table: string
      /** Estimates of the source. `estimatedBytes`: the size in the source. */
      readonly estimatedRows: number | null
      readonly estimatedBytes: number | null
    }
  /** `rows`: null where they are counted only at the end. `bytes`: bytes of text received from the source. */
  | { readonly type: 'table-progress'; readonly table: string; readonly rows: number | null; readonly bytes: number }
  /** A temporary failure: the table is read or proved again. `message` says why, and begins with the table. */
  | { readonly type: 'table-retry'; readonly table: string; readonly message: string }
  | {
      readonly type: 'table-end'
      readonly table: string
      readonly rows: number
      readonly bytes: number
      readonly durationMs: number
      /** The part of `durationMs` for the proof: queries to the source and the file besides reading and writing. */
      readonly proofMs: number
      readonly method: ExtractionMethod
    }
  /** The table has the rows of its current files, which are published again. `proved`: their proof was renewed. */
  | { readonly type: 'table-unchanged'; readonly table: string; readonly rows: number; readonly proved: boolean }
  /** The renewed proof of a table that its source calls unchanged differs from its files: it is read in full. */
  | { readonly type: 'table-proof-failed'; readonly table: string; readonly reason: ReadReason }
  | {
      readonly type: 'table-failed'
      readonly table: string
      readonly code: string
      readonly message: string
      readonly hint: string | null
    }
  /** Another run holds the lease and may be running or gone: this run waits until it knows. */
  | { readonly type: 'lease-wait'; readonly owner: string; readonly expiresAt: string }
  /** Makes the plain copies of a run that was interrupted after its commit. */
  | { readonly type: 'finish-copies'; readonly runId: string }
  /** Not everything was removed: an index is missing or damaged, or objects may not be deleted. */
  | { readonly type: 'not-cleaned'; readonly message: string; readonly hint: string | null }
  /** Removed the orphans of earlier runs: objects of the store, and files of the temporary folder. */
  | { readonly type: 'cleaned'; readonly objects: number; readonly files: number }
  | { readonly type: 'commit'; readonly runId: string; readonly tables: number }

export type OnEvent = (event: RunEvent) => void
