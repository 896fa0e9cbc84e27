import type { Context } from './context.ts'
import { type EnvironmentPlace, type Idle, type Move, move } from './places.ts'
import { retiredKeys } from './retired.ts'
import type { Actor } from './scenario.ts'
import { type DevCommit, keyOf, reach, type Warehouse } from './warehouse.ts'

type Environment = Extract<Actor, { kind: 'environment' }>

const NONE: DevCommit = { run: '', token: 0, files: {}, retired: [] }
const LOST: Idle = { does: 'nothing', lost: true }

/** A run of the environment dev: it makes a table b, and takes a from prod. */
export function moveEnvironment(w: Warehouse, me: EnvironmentPlace, { id }: Environment, context: Context): Move[] {
  const { has, scenario, put } = context
  const own = `E.${id}`
  if (me.at === 'reads dev') return [readsDev(w, me, context)]
  if (me.at === 'reads etl') {
    const etl = w.etl!
    const ref = me.ref ?? etl.current.a!.ref
    const there = reach(w, etl).keys.includes(keyOf(ref)) || retiredKeys(etl, -1).includes(keyOf(ref))
    if (me.put && !there && !has('env-trusts-old')) return [move('reads etl.json: its input is no longer named', LOST)]
    const at = me.put ? 'commits' : has('env-etl-first') ? 'reads dev' : 'puts'
    return [move('reads etl.json', { ...me, at, ref })]
  }
  if (me.at === 'puts') {
    const at = scenario.env === 'copies' && !has('env-names-prod') ? 'copies' : 'commits'
    return [move(`puts ${own}b`, { ...me, put: true, at }, put(w, `${own}b`, `${own}b`))]
  }
  const ref = me.ref as string
  if (me.at === 'copies') {
    const bytes = w.objects[keyOf(ref)]
    if (bytes === undefined) return [move('copies from prod: gone', LOST)]
    const copied = { ...me, at: 'commits', ref: `${own}a=${bytes}` } as const
    return [move(`copies ${keyOf(ref)} to ${own}a`, copied, put(w, `${own}a`, bytes))]
  }
  return [commits(w, me, id, context)]
}

function readsDev(w: Warehouse, me: EnvironmentPlace, { has, scenario }: Context): Move {
  if (w.dev === null && scenario.env !== 'written' && !has('env-first-in-place'))
    return move('creates dev.json', me, { dev: NONE })
  const { base } = me
  const raised = w.dev?.run !== base?.run || w.dev?.token !== base?.token
  if (me.put && !has('env-one-token') && raised)
    return move('reads dev.json: its own collector has raised the token', LOST)
  if (!me.put && !has('env-etl-first'))
    return move('reads dev.json', { does: 'environment', at: 'reads etl', base: w.dev })
  return move('reads dev.json', { ...me, base: w.dev, at: me.put && !has('env-etl-first') ? 'reads etl' : 'puts' })
}

function commits(w: Warehouse, me: EnvironmentPlace, id: string, { has, scenario, lands }: Context): Move {
  const base = me.base ?? NONE
  if (!lands(w.dev, me.base ?? null)) {
    const raised = w.dev !== null && w.dev.run === base.run && (has('env-one-token') || w.dev.token === base.token)
    const again = raised && scenario.env === 'shares' && !has('env-etl-first')
    return move('commits dev.json: too late', again ? { ...me, at: 'reads dev' } : LOST)
  }
  const files = { a: me.ref as string, b: `E.${id}b` }
  const named = Object.values(files).map(keyOf)
  const keys = Object.values(base.files)
    .map(keyOf)
    .filter((key) => !named.includes(key))
  const forgets = scenario.env === 'written' || has('env-no-grace')
  const retired = forgets ? [] : [...base.retired, { run: id, until: null, keys }]
  return move('commits dev.json', { does: 'nothing' }, { dev: { ...base, run: id, files, retired } })
}
