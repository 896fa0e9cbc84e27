import type { Commit, DevCommit, Files, Index, Ref, RunRecord, Stored, Warehouse } from './warehouse.ts'

/** An object to put; `from`: as a copy of these bytes. */
export interface Put {
  readonly label: string
  readonly key: string
  readonly value: Stored
  readonly from?: string
}

/** What a run, a removal or a repair is going to commit. */
export interface Publication {
  /** By day: the key of its new list, and its files. */
  readonly lists: Readonly<Record<string, { readonly key: string; readonly files: Files }>>
  /** The days without a list from now on. */
  readonly gone: readonly string[]
  /** The files that are new, as `table/day`. */
  readonly changed: readonly string[]
  /** The base's lists of the days that change or go. */
  readonly replaced: Index['days']
  /** By month: the key of its new index; null for a month without days. */
  readonly indexes: Readonly<Record<string, string | null>>
}

/** Where an actor is, and what it remembers. */
export type Place =
  | Idle
  | PlanPlace
  | PublishPlace
  | RefreshPlace
  | CollectPlace
  | NotePlace
  | EnvironmentPlace
  | ReadPlace
  | HoldPlace
  | VerifyPlace
  | AccidentPlace
  | RepairPlace
  | LeasePlace
  | LeasedPlace

/** It never moves again. */
export interface Idle {
  readonly does: 'nothing'
  readonly id?: string
  /** It has published nothing. */
  readonly lost?: true
  /** The object that it has replaced by one under a new key. */
  readonly repaired?: string
  /** What is wrong with how it ended. */
  readonly wrong?: string
}

export interface PlanPlace {
  readonly does: 'plan'
  readonly at: 'plans' | 'reads'
  readonly id: string
  /** With a flaw: the files to name again, from an earlier read. */
  readonly planned?: Readonly<Record<string, Ref | null>>
  /** With a flaw: the commit from which the index is made. */
  readonly older?: Commit
}

export interface PublishPlace {
  readonly does: 'publish'
  readonly at: 'puts' | 'commits' | 'asks' | 'cleans' | 'records'
  readonly id: string
  readonly base: Commit | null
  readonly what: Publication
  readonly puts: readonly Put[]
  readonly n: number
  /** When it read its base; only on a store without conditional writes. */
  readonly since?: number
  /** With a flaw: the end of the grace, computed before the commit. */
  readonly until?: number
  readonly tried: number
  /** An answer was lost: it may have committed. */
  readonly perhaps?: true
  /** The lost object that it replaces by one under a new key. */
  readonly repairs?: string
  /** What it has committed, until that is recorded. */
  readonly committed?: RunRecord
}

export interface RefreshPlace {
  readonly does: 'refresh'
  readonly at: 'looks' | 'heads' | 'unlinks' | 'links' | 'looks again' | 'copies' | 'clears'
  /** By path: the bytes that are there now, null for none, or `later`. */
  readonly done: Readonly<Record<string, string | null>>
  readonly next: Place
  readonly path?: string
  readonly want?: Ref | null
  readonly how?: Copies
  /** When it looked at `etl.json` last. */
  readonly looked?: number
  readonly target?: string | null
  readonly base?: Commit
  readonly now?: number
}

export interface CollectPlace {
  readonly does: 'collect'
  readonly at: 'reads' | 'reads dev' | 'lists' | 'raises' | 'looks at dev' | 'raises in dev' | 'deletes' | 'ends'
  readonly target: 'etl' | 'dev'
  readonly next: Place
  readonly base?: Commit | DevCommit | null
  /** What is reached. */
  readonly named?: readonly string[]
  readonly now?: number
  readonly listed?: readonly string[]
  readonly dev?: DevCommit
}

export interface NotePlace {
  readonly does: 'note'
  readonly at: 'reads' | 'writes'
  readonly base?: Commit | null
}

export interface EnvironmentPlace {
  readonly does: 'environment'
  readonly at: 'reads dev' | 'reads etl' | 'puts' | 'copies' | 'commits'
  readonly base?: DevCommit | null
  /** What it takes from prod. */
  readonly ref?: Ref
  readonly put?: true
}

export interface ReadPlace {
  readonly does: 'read'
}

/** A reader that holds a commit. */
export interface HoldPlace {
  readonly does: 'hold'
  readonly since: number
  readonly refs: readonly Ref[]
  readonly keys: readonly string[]
}

export interface VerifyPlace {
  readonly does: 'verify'
  readonly at: 'reads' | 'looks' | 'looks again'
  /** What was named when it began. */
  readonly named?: readonly string[]
  readonly looked?: readonly string[]
  /** What it still has to look at. */
  readonly open?: readonly Expected[]
}

/** An object, and what it has to be; `indexes` and lists are read, and tell what else there is. */
export interface Expected {
  readonly key: string
  readonly is: 'index' | 'list' | 'file'
  readonly value?: Stored
}

export interface AccidentPlace {
  readonly does: 'accident'
}

export interface RepairPlace {
  readonly does: 'repair'
  readonly at: 'reads' | 'puts back' | 'puts etl.json'
  readonly key?: string
  readonly bytes?: Stored
  readonly from?: string
  readonly etl?: Commit
}

export interface LeasePlace {
  readonly does: 'lease'
  readonly at: 'reads' | 'writes' | 'reads back'
  /** When it read the lock, or wrote it. */
  readonly since?: number
  readonly next: Place
}

/** An actor that holds the lease. */
export interface LeasedPlace {
  readonly does: 'leased'
  readonly since: number
  readonly inner: Place
}

/** One request: what it is called, where the actor is afterwards, and what it changed. */
export interface Move {
  readonly label: string
  readonly me: Place
  readonly changes: Partial<Warehouse>
}

export const move = (label: string, me: Place, changes: Partial<Warehouse> = {}): Move => ({ label, me, changes })

/** How a plain copy is made: by a put, by a put on a condition, or by a link and a rename. */
export type Copies = 'unconditional' | 'conditional' | 'linked'
