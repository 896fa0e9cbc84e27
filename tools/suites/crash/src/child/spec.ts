import type { Endpoint } from '@dwh/harness'
import type { Moment } from '../points.ts'

/** The warehouse of a child program. */
export type Place = { readonly path: string } | ({ readonly bucket: string } & Endpoint)

export interface RunSpec {
  readonly do: 'run'
  readonly place: Place
  readonly databaseUrl: string
  readonly temp: string
  readonly date?: string
  readonly replace?: boolean
  readonly leaseTtlMs?: number
  /** Moves the clock of the run, back if it is negative. Default 0. */
  readonly laterMs?: number
  /** The point at which the process sends itself a signal, and the signal. */
  readonly at?: Moment & { readonly signal: 'SIGKILL' | 'SIGSTOP' }
}

/** Removes what no list names, as a run so much later would. */
export interface CleanSpec {
  readonly do: 'clean'
  readonly place: Place
  readonly laterMs: number
}

/** Consecutive runs, while money moves between the tables. */
export interface ManyRunsSpec {
  readonly do: 'many-runs'
  readonly place: Place
  readonly databaseUrl: string
  readonly temp: string
  readonly runs: number
}

/** Sessions that query the tables `left_pocket` and `right_pocket` until stdin ends. */
export interface ReadersSpec {
  readonly do: 'readers'
  readonly place: Place
  /** Number of readers that open a session for each query. */
  readonly askers: number
  /** Number of readers that keep one session open. */
  readonly stayers: number
  readonly cache: string
  readonly sum: number
}

/** Plain DuckDB that queries the views of the same tables until stdin ends. */
export interface StockReadersSpec {
  readonly do: 'stock-readers'
  readonly place: Place
  /** Number of readers that make views again and again. */
  readonly askers: number
  /** Number of readers that keep the views of `script`. */
  readonly stayers: number
  /** The output of `dwh views`. */
  readonly script: string
  /** Number of readers of the plain copies. */
  readonly globs: number
  /** Of each table. */
  readonly rows: number
  readonly sum: number
}

/** Races for one `etl.json`, each in its own folder below this one. */
export interface TwoWritersSpec {
  readonly do: 'two-writers'
  readonly folder: string
  readonly trials: number
}

export interface PublishSpec {
  readonly do: 'publish'
  readonly folder: string
  readonly runId: string
}

export type Spec = RunSpec | CleanSpec | ManyRunsSpec | ReadersSpec | StockReadersSpec | TwoWritersSpec | PublishSpec
