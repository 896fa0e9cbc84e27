import type { Finding, Flaw } from './flaw.ts'
import type { Copies } from './places.ts'
import type { DevCommit, Files } from './warehouse.ts'

/** A run, or a removal of days. Each of its steps is one request. */
export interface RunActor {
  readonly kind: 'run'
  readonly name: string
  readonly id: string
  readonly day?: number
  /** The tables that it reads. */
  readonly tables: readonly string[]
  /** By table: the day whose file it names again, because nothing changed since. */
  readonly again?: Readonly<Record<string, number>>
  /** The days that it removes. */
  readonly drop?: readonly number[]
  /** False: plain copies are not looked at. */
  readonly plain?: false
  readonly catalog?: true
  /** The answer to its commit may be lost. */
  readonly lost?: true
  /** It first collects. */
  readonly collects?: true
  /** It takes the lease first. */
  readonly leased?: true
}

export type Actor = { /** It is there only with this flaw. */ readonly only?: string; readonly name: string } & (
  | RunActor
  | { readonly kind: 'collector'; readonly target?: 'dev' }
  | { readonly kind: 'note'; readonly id: string }
  | { readonly kind: 'environment'; readonly id: string }
  | { readonly kind: 'reader'; readonly of: 'etl.json' | 'dev.json' | 'catalog' }
  | { readonly kind: 'verify' }
  | { readonly kind: 'accident'; readonly key: string }
  /** `remakes`: the lists that it makes again have other bytes than before. */
  | { readonly kind: 'repair'; readonly of: 'etl.json' | 'objects'; readonly remakes?: true }
)

/** What is explored at once. */
export interface Scenario {
  readonly name: string
  readonly actors: readonly Actor[]
  /** What is found when the protocol is broken so; without them it holds. */
  readonly flaws?: readonly Flaw[]
  /** What is found in it as it is. */
  readonly found?: Finding
  readonly before?: Before
  /** A run's puts are one step. */
  readonly merged?: true
  /** The last time of the clock; default 3. */
  readonly ticks?: number
  /** What passes once all is quiet, before it is asked whether all has come right. */
  readonly afterwards?: 'run' | 'repair'
  readonly copies?: Copies
  /** `grace`: nobody sleeps longer than the grace between looking at `etl.json` and copying. */
  readonly sleepers?: 'grace'
  /** How an environment takes what is prod's. */
  readonly env?: 'written' | 'copies' | 'shares'
  /** Runs record themselves. */
  readonly records?: true
  /** Someone loses `etl.json` at any time, not only once the last run is recorded. */
  readonly loses?: 'any time'
  /** What an accident removes. */
  readonly faulty?: string
  /** Puts of `etl.json` always win. `whole`: commits may be undone, and only that all is whole is checked. */
  readonly unconditional?: 'whole' | 'strict'
}

/** The warehouse that is there before. */
export interface Before {
  /** By day, its files; null: there is none. */
  readonly days?: Readonly<Record<string, Files>> | null
  readonly plain?: false
  /** What a plain path holds instead of its copy. */
  readonly at?: Readonly<Record<string, string>>
  readonly catalog?: true
  readonly records?: true
  readonly dev?: DevCommit
  /** Of state 1 to 3. */
  readonly old?: true
  /** Objects that are not there. */
  readonly lost?: readonly string[]
}

/** Returns all that is found in a scenario, each with the flaws that it needs. */
export function findingsOf({ found, flaws = [] }: Scenario): readonly (Finding & { readonly flaws: string[] })[] {
  const broken = flaws.map((flaw) => ({ ...flaw, flaws: [flaw.name, ...(flaw.with === undefined ? [] : [flaw.with])] }))
  return [...(found ? [{ ...found, flaws: [] }] : []), ...broken]
}
