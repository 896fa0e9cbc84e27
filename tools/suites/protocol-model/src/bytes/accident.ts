import type { Context } from './context.ts'
import { type Move, move, type NotePlace } from './places.ts'
import type { Actor } from './scenario.ts'
import { type Warehouse, without } from './warehouse.ts'

/** Somebody loses an object. `etl.json` is lost once the last run is recorded, or at any time. */
export function moveAccident(w: Warehouse, { key }: Extract<Actor, { kind: 'accident' }>, context: Context): Move[] {
  const done = { does: 'nothing' } as const
  if (key !== 'etl.json')
    return w.objects[key] === undefined ? [] : [move(`${key} is lost`, done, { objects: without(w.objects, key) })]
  if (w.etl === null) return []
  if (!w.objects[`R.${w.etl.run}`] && context.scenario.loses !== 'any time') return []
  return [move('etl.json is lost', done, { etl: null })]
}

/** A failed run notes its failure in the `etl.json` that it has just read, and changes nothing else. */
export function moveNote(w: Warehouse, me: NotePlace, id: string, { has, lands }: Context): Move[] {
  if (me.at === 'reads')
    return [move('reads etl.json, to note its failure', { does: 'note', at: 'writes', base: w.etl })]
  const base = me.base ?? null
  if (!lands(w.etl, base) && !has('note-stale')) return [move('notes: too late', { does: 'note', at: 'reads' })]
  if (base === null) return [move('finds no etl.json: stops', { does: 'nothing' })]
  const { old, ...rest } = base
  const noted = old && !has('note-takes-over') ? { ...rest, failure: id, old } : { ...rest, failure: id }
  return [move('notes its failure', { does: 'nothing' }, { etl: noted })]
}
