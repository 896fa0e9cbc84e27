import type { Endpoint } from '@dwh/harness'
import type { Moment } from '../points.ts'

/** Where a child finds a warehouse. */
export type Place = { readonly path: string } | ({ readonly bucket: string } & Endpoint)

export interface RunSpec {
  readonly do: 'run'
  readonly place: Place
  readonly databaseUrl: string
  readonly temp: string
  readonly date?: string
  readonly replace?: boolean
  readonly leaseTtlMs?: number
  /** The signal that it sends itself there. */
  readonly at?: Moment & { readonly signal: 'SIGKILL' | 'SIGSTOP' }
}

/** Runs one after another, while money moves between the tables. */
export interface ManyRunsSpec {
  readonly do: 'many-runs'
  readonly place: Place
  readonly databaseUrl: string
  readonly temp: string
  readonly runs: number
}

/** Sessions over tables `left_pocket` and `right_pocket` until stdin ends. */
export interface ReadersSpec {
  readonly do: 'readers'
  readonly place: Place
  /** Those that open a session for each question. */
  readonly askers: number
  /** Those that keep one session open all the time. */
  readonly stayers: number
  readonly cache: string
  readonly sum: number
}

/** Races for one `etl.json`, each in a folder below this one. */
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
