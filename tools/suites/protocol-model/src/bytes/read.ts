import type { Context } from './context.ts'
import { type HoldPlace, type Move, move } from './places.ts'
import type { Actor } from './scenario.ts'
import { bytesAt, bytesOf, daysOf, keyOf, type Ref, reach, unique, type Warehouse } from './warehouse.ts'

/** A reader holds all that a commit reaches. It may ask for each key until the grace is over. */
export function moveReader(w: Warehouse, { of }: Extract<Actor, { kind: 'reader' }>): Move[] {
  const hold = (label: string, refs: readonly Ref[], keys: readonly string[] = []) => [
    move(label, { does: 'hold', since: w.clock, refs, keys }),
  ]
  if (of === 'catalog') return w.plain.catalog ? hold('opens the catalog file', w.plain.catalog.split(',')) : []
  if (of === 'dev.json') return w.dev ? hold('reads dev.json', Object.values(w.dev.files)) : []
  if (w.etl === null) return []
  const current = Object.values(w.etl.current).map(({ ref }) => ref)
  const files = Object.values(daysOf(w, w.etl)).flatMap((list) => Object.values(list.files))
  const lists = reach(w, w.etl).keys.filter((key) => /^[ILS]/.test(key))
  return hold('reads etl.json', unique([...current, ...files]), lists)
}

/** A reader stops asking for a key once its grace is over. */
export function moveHolder(w: Warehouse, me: HoldPlace, { grace }: Context): Move[] {
  return w.clock > me.since + grace ? [move('no longer needs what it has read', { does: 'nothing' })] : []
}

/** Returns what a reader cannot find, except what was lost by an accident. */
export function gone(w: Warehouse, { refs, keys }: HoldPlace, faulty: string | undefined): string | undefined {
  const missing = [
    ...refs.filter((ref) => bytesAt(w, keyOf(ref)) !== bytesOf(ref)),
    ...keys.filter((key) => w.objects[key] === undefined),
  ]
  return missing.filter((key) => key !== faulty)[0]
}
