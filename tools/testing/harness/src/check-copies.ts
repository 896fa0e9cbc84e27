import type { Etl, PromisedObject } from './read-etl.ts'
import { type Reached, readPromised } from './read-reached.ts'
import type { WarehouseObjects } from './warehouse-objects.ts'

const PART = /^_dwh\/parts\/(.+)\/(\d{4}\/\d\d\/\d\d)-[^/]+\.parquet$/

/** Returns the path of a table's plain copy. The tests name their tables so that names need no encoding. */
function pathOf(name: string, day: string): string {
  if (!/^[a-z0-9][a-z0-9_.-]*$/.test(name)) throw new Error(`the checker does not know the path of table ${name}`)
  return `${name}/${day.replaceAll('-', '/')}.parquet`
}

/**
 * Checks the plain copies: those of each day whose copies are not pending are what the list of the day names, nothing
 * else is in the folder of a table, and no retention time has started for what a plain copy still is.
 */
export async function checkCopies(
  objects: WarehouseObjects,
  keys: ReadonlySet<string>,
  etl: Etl,
  reached: Reached,
  problems: string[],
): Promise<void> {
  const pending = new Set(etl.copies_pending)
  const isPending = (path: string) => [...pending].some((day) => path.endsWith(`/${day.replaceAll('-', '/')}.parquet`))
  const expected = new Map<string, PromisedObject>()
  for (const { date, tables } of reached.lists)
    for (const [name, { files }] of Object.entries(tables))
      if (files.length === 1 && files[0]) expected.set(pathOf(name, date), files[0])
  for (const [path, file] of expected) if (!isPending(path)) await checkCopy(objects, path, file, problems)
  for (const key of keys)
    if (!key.startsWith('_dwh/') && key !== 'etl.json' && !expected.has(key) && !isPending(key))
      problems.push(`${key}: in a table's folder, but in no list`)
  for (const { until, keys: replaced } of etl.retired)
    for (const key of until === null ? [] : replaced) {
      const [, name, day] = PART.exec(key) ?? []
      if (name === undefined || reached.keys.has(key)) continue
      const path = `${name}/${day}.parquet`
      if (await objects.same(path, key)) problems.push(`${path}: still ${key}, whose retention time has started`)
    }
}

async function checkCopy(
  objects: WarehouseObjects,
  path: string,
  file: PromisedObject,
  problems: string[],
): Promise<void> {
  const copied = await readPromised(objects, { ...file, key: path }, problems)
  if (copied && objects.isFolder && !(await objects.same(path, file.key)))
    problems.push(`${path}: another file than ${file.key}`)
}
