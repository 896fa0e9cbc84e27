import { catalogOf } from './refresh.ts'
import type { Before } from './scenario.ts'
import {
  bytesOf,
  type Commit,
  type Files,
  type Index,
  indexKey,
  isPlainPath,
  keyOf,
  monthOf,
  type Stored,
  sorted,
  type Warehouse,
  without,
} from './warehouse.ts'

const NOTHING: Warehouse = {
  clock: 0,
  etl: null,
  dev: null,
  objects: {},
  putAt: {},
  plain: {},
  links: {},
  net: null,
  lock: null,
  truth: { days: {} },
}

/** Returns the warehouse in which a scenario begins. Run 0 wrote it. */
export function warehouseBefore(before: Before = {}): Warehouse {
  const { days = { 0: { a: 'F.0a', b: 'F.0b' } }, dev = null } = before
  if (days === null) return NOTHING
  const objects: Record<string, Stored> = {}
  const plain: Record<string, string> = {}
  const current: Record<string, Commit['current'][string]> = {}
  const truth: Record<string, Files> = {}
  const indexes: Record<string, string> = {}
  for (const [day, files] of Object.entries(days)) {
    const list = before.old ? `S.${day}` : `L.0${day}`
    objects[list] = { files }
    truth[day] = Object.fromEntries(Object.entries(files).map(([table, ref]) => [table, bytesOf(ref)]))
    if (!before.old) {
      const key = indexKey('0', monthOf(day))
      const known = (objects[key] as Index | undefined)?.days
      objects[key] = { days: { ...known, [day]: { list, files } } }
      indexes[monthOf(day)] = key
    }
    for (const [table, ref] of Object.entries(files)) {
      if (!isPlainPath(ref)) objects[keyOf(ref)] = bytesOf(ref)
      current[table] = { day: Number(day), ref }
      const path = `${table}/${day}`
      if (before.plain !== false || isPlainPath(ref)) plain[path] = before.at?.[path] ?? bytesOf(ref)
    }
  }
  if (before.records) objects['R.0'] = { token: 0, indexes }
  for (const ref of Object.values(dev?.files ?? {})) objects[keyOf(ref)] ??= bytesOf(ref)
  const old = before.old ? { old: true as const } : {}
  const groups = { retired: [], pending: [] }
  const etl: Commit = { run: '0', token: 0, current: sorted(current), indexes, ...groups, failure: '', ...old }
  if (before.catalog) plain.catalog = catalogOf(etl)
  const found = without(sorted(objects), ...(before.lost ?? []))
  return { ...NOTHING, etl, dev, objects: found, plain: sorted(plain), truth: { days: sorted(truth) } }
}
