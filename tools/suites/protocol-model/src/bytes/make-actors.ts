import type { Actor } from './scenario.ts'

type Run = Extract<Actor, { kind: 'run' }>

/** Actors by the names that the traces have for them. */
export const COLLECTOR: Actor = { kind: 'collector', name: 'collector' }
export const DEV_COLLECTOR: Actor = { kind: 'collector', name: "dev's collector", target: 'dev' }
export const READER: Actor = { kind: 'reader', of: 'etl.json', name: 'reader' }
export const DEV_READER: Actor = { kind: 'reader', of: 'dev.json', name: 'reader of dev' }
export const CATALOG_READER: Actor = { kind: 'reader', of: 'catalog', name: 'reader of the catalog' }
export const FAILING: Actor = { kind: 'note', id: 'f', name: 'a failed run' }

/** A run of both tables. */
export const full = (id: string, day: number, more: Partial<Run> = {}): Actor =>
  run(id, { day, tables: ['a', 'b'], ...more })
/** A run of one table. */
export const only = (id: string, day: number, table: string, more: Partial<Run> = {}): Actor =>
  run(id, { day, tables: [table], ...more })
export const prune = (id: string, drop: readonly number[], more: Partial<Run> = {}): Actor =>
  run(id, { drop, tables: [], name: `prune ${id}`, ...more })
export const dev = (id: string): Actor => ({ kind: 'environment', id, name: `dev ${id}` })
export const accident = (key: string): Actor => ({ kind: 'accident', key, name: 'accident' })
export const repair = (
  of: 'etl.json' | 'objects',
  more: { readonly remakes?: true; readonly name?: string } = {},
): Actor => ({
  kind: 'repair',
  of,
  name: 'repair',
  ...more,
})

function run(id: string, more: Partial<Run> & Pick<Run, 'tables'>): Actor {
  return { kind: 'run', id, name: `run ${id}`, ...more }
}
