import type { ExtractionMethod } from './source.ts'

/** What happens in a run, as data. Tables go by their name in the warehouse. */
export type RunEvent =
  | { readonly type: 'run-start'; readonly runId: string; readonly date: string; readonly tables: readonly string[] }
  | {
      readonly type: 'table-start'
      readonly table: string
      /** Guesses of the source. `estimatedBytes`: as it stores them. */
      readonly estimatedRows: number | null
      readonly estimatedBytes: number | null
    }
  /** `rows`: null where they are counted only at the end. `bytes`: of text that came from the source. */
  | { readonly type: 'table-progress'; readonly table: string; readonly rows: number | null; readonly bytes: number }
  /** It failed in a way that may pass, and is read or proved once more. `message` says why, and begins with the table. */
  | { readonly type: 'table-retry'; readonly table: string; readonly message: string }
  | {
      readonly type: 'table-end'
      readonly table: string
      readonly rows: number
      readonly bytes: number
      readonly durationMs: number
      /** Of that, for the proof: what the source and the file were asked beside reading and writing. */
      readonly proofMs: number
      readonly method: ExtractionMethod
    }
  | {
      readonly type: 'table-failed'
      readonly table: string
      readonly code: string
      readonly message: string
      readonly hint: string | null
    }
  /** Another run has the lease, and may be under way or gone: this waits until it is known. */
  | { readonly type: 'lease-wait'; readonly owner: string; readonly expiresAt: string }
  | { readonly type: 'roll-forward'; readonly runId: string }
  /** Removed what earlier runs had left behind: objects of the store, and files of the temporary folder. */
  | { readonly type: 'cleaned'; readonly objects: number; readonly files: number }
  | { readonly type: 'commit'; readonly runId: string; readonly tables: number }

export type OnEvent = (event: RunEvent) => void
