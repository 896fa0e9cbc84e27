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
  /** The point at which the process sends itself a signal, and the signal. */
  readonly at?: Moment & { readonly signal: 'SIGKILL' | 'SIGSTOP' }
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

export type Spec = RunSpec | ManyRunsSpec | ReadersSpec | TwoWritersSpec | PublishSpec
