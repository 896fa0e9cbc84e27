import type { Context } from './context.ts'
import { type Expected, type Idle, type Move, move, type VerifyPlace } from './places.ts'
import {
  bytesAt,
  bytesOf,
  type Commit,
  type Index,
  keyOf,
  type List,
  reach,
  same,
  unique,
  type Warehouse,
} from './warehouse.ts'

/**
 * `dwh verify` reads `etl.json`, then each index, each list and each file, with any pause between two requests: longer
 * than the grace, too. What is not there is looked up in `etl.json`, read again, before it is called damaged.
 */
export function moveVerify(w: Warehouse, me: VerifyPlace, { has }: Context): Move[] {
  if (w.etl === null) return []
  if (me.at === 'reads') {
    const named = reach(w, w.etl).keys
    return [move('reads etl.json', { ...me, at: 'looks', named, looked: [], open: rootsOf(w, w.etl) })]
  }
  const [first, ...rest] = me.open as Expected[]
  if (first === undefined) return [move('ends', ends(w, w.etl, me))]
  if (me.at === 'looks again') return [looksAgain(w, w.etl, me, first, rest, has)]
  if (!isThere(w, first)) {
    const label = `finds no ${first.key}`
    return [move(label, has('verify-looks-once') ? reports(w, w.etl, first.key) : { ...me, at: 'looks again' })]
  }
  const looked = unique([...(me.looked as string[]), first.key])
  return [move(`finds ${first.key}`, { ...me, looked, open: [...next(w, first), ...rest] })]
}

function looksAgain(
  w: Warehouse,
  etl: Commit,
  me: VerifyPlace,
  { key }: Expected,
  rest: Expected[],
  has: Context['has'],
): Move {
  if (reach(w, etl).keys.includes(key)) return move(`reads etl.json again: it names ${key}`, reports(w, etl, key))
  // the index or the list is of before: what it named may be named by another now
  const open = has('verify-keeps-old-lists') ? rest : rootsOf(w, etl)
  return move(`reads etl.json again: it does not name ${key}`, { ...me, at: 'looks', open })
}

/** Ends with one damaged object. The model loses one at most. */
function reports(w: Warehouse, etl: Commit, key: string): Idle {
  if (reach(w, etl).missing.includes(key)) return { does: 'nothing' }
  return { does: 'nothing', wrong: `reports ${key}, which is not damaged` }
}

/** Ends without a damaged object. */
function ends(w: Warehouse, etl: Commit, { named = [], looked = [] }: VerifyPlace): Idle {
  const { keys, missing } = reach(w, etl)
  if (missing.length > 0) return { does: 'nothing', wrong: `does not report ${missing[0]}, which is damaged` }
  const missed = named.find((key) => keys.includes(key) && !looked.includes(key))
  return { does: 'nothing', ...(missed ? { wrong: `has not looked at ${missed}, which was named all the time` } : {}) }
}

function rootsOf(w: Warehouse, etl: Commit): Expected[] {
  const indexes = Object.values(etl.indexes).map((key): Expected => ({ key, is: 'index' }))
  const days = etl.old ? Object.keys(w.objects).filter((key) => key.startsWith('S.')) : []
  const lists = days.map((key): Expected => ({ key, is: 'list', value: w.objects[key]! }))
  return [...indexes, ...lists]
}

const isThere = (w: Warehouse, { key, value }: Expected): boolean => {
  const found = bytesAt(w, key)
  return value === undefined ? found !== undefined : same(found, value)
}

/** What an index or a list names. */
function next(w: Warehouse, { key, is }: Expected): Expected[] {
  if (is === 'file') return []
  if (is === 'index')
    return Object.values((w.objects[key] as Index).days).map(({ list, ...value }) => ({ key: list, is: 'list', value }))
  return Object.values((w.objects[key] as List).files).map((ref) => ({
    key: keyOf(ref),
    is: 'file',
    value: bytesOf(ref),
  }))
}
