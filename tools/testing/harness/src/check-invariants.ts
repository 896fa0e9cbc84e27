import { readdir } from 'node:fs/promises'
import { parquetMetadata } from 'hyparquet'
import { checkCopies } from './check-copies.ts'
import { type Etl, type PromisedFile, type PromisedTable, parseChecked, readEtlText } from './read-etl.ts'
import { idOf, type Reached, readPromised, readReached } from './read-reached.ts'
import type { WarehouseObjects } from './warehouse-objects.ts'

export interface CheckOptions {
  /** Set after a successful run, with no other in progress: then all plain copies are made, and no lease is taken. */
  readonly clean?: { readonly temp: string }
  /** Set when all that was replaced has expired and was removed: then every object is reached. */
  readonly quiet?: boolean
  /** Set if the files are not Parquet. */
  readonly anyBytes?: boolean
  /** `etl.json` as a reader read it recently: all that it reaches is retained for a day. */
  readonly earlier?: string | null
}

/**
 * Checks everything that must hold of a warehouse at any moment, even after a kill, and returns the problems. It shares
 * no code with the packages: it reads files, JSON, hashes and Parquet (with another reader).
 */
export async function checkInvariants(objects: WarehouseObjects, options: CheckOptions = {}): Promise<string[]> {
  const problems: string[] = []
  const keys = new Set(await objects.keys())
  const text = await readEtlText(objects).catch((error) => {
    problems.push(`etl.json: ${error.message}`)
    return null
  })
  if (text === null) {
    if (options.earlier || options.clean) problems.push('no etl.json')
    const visible = [...keys].filter((key) => !key.startsWith('_dwh/') || /^_dwh\/(parts|days|index)\//.test(key))
    if (visible.length > 0) problems.push(`no etl.json, but there are objects: ${visible.join(', ')}`)
    return problems
  }
  try {
    const etl = parseChecked<Etl>('etl.json', text)
    if (etl.version !== 4) throw new Error(`etl.json: version ${etl.version}`)
    const reached = await readReached(objects, etl, problems)
    const check = { objects, keys, etl, reached, options, problems }
    await checkFiles(check)
    await checkCopies(objects, keys, etl, reached, problems)
    if (!options.anyBytes) await checkPlainWhole(check)
    checkOneRun(check)
    checkRetired(check)
    if (options.earlier) await checkEarlier(check, options.earlier)
    if (options.clean) await checkClean(check, text, options.clean.temp)
    if (options.quiet) await checkQuiet(check)
  } catch (error) {
    problems.push((error as Error).message)
  }
  return problems
}

interface Check {
  readonly objects: WarehouseObjects
  readonly keys: ReadonlySet<string>
  readonly etl: Etl
  readonly reached: Reached
  readonly options: CheckOptions
  readonly problems: string[]
}

/** Checks that every file has the promised bytes, and that `etl.json` and the lists name the same. */
async function checkFiles({ objects, etl, reached, options, problems }: Check): Promise<void> {
  for (const file of reached.files) {
    const bytes = await readPromised(objects, file, problems)
    if (bytes && !options.anyBytes) checkParquet(problems, file, bytes)
  }
  for (const [name, table] of Object.entries(etl.tables)) {
    const list = reached.lists.find(({ date }) => date === table.date)
    const same = list?.tables[name]?.files.map(idOf).join() === table.files.map(idOf).join()
    if (!same) problems.push(`${name}: etl.json and the list of ${table.date} name different files`)
  }
  for (const { tables } of [etl, ...reached.lists])
    for (const { run_id, read_at, files } of Object.values(tables))
      for (const { key } of files) {
        const isOfRun = key.endsWith(`-${run_id}.parquet`)
        // the files of a table that has not changed are those of an earlier run
        if (!key.startsWith('_dwh/parts/') || isOfRun === (read_at !== undefined))
          problems.push(`${key}: not a key of ${read_at ? 'an earlier run than' : 'its own run'} ${run_id}`)
      }
}

/** Checks that every file under a plain path is complete, since a glob reads all of them, whatever the lists name. */
async function checkPlainWhole({ objects, keys, problems }: Check): Promise<void> {
  for (const key of keys) {
    if (key.startsWith('_dwh/') || !key.endsWith('.parquet')) continue
    const bytes = await objects.read(key)
    try {
      if (bytes) rowsOf(bytes)
    } catch (error) {
      problems.push(`${key}: not a complete Parquet file: ${(error as Error).message}`)
    }
  }
}

function checkParquet(problems: string[], file: PromisedFile, bytes: Buffer): void {
  const rows = rowsOf(bytes)
  if (rows !== file.rows) problems.push(`${file.key}: ${rows} rows, not ${file.rows}`)
}

function rowsOf({ buffer, byteOffset, byteLength }: Buffer): number {
  return Number(parquetMetadata(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer).num_rows)
}

function checkOneRun({ etl, reached, problems }: Check): void {
  const groups: [string, Readonly<Record<string, PromisedTable>>][] = [
    ['etl.json', etl.tables],
    ...reached.lists.map(({ date, tables }) => [`the list of ${date}`, tables] as [string, typeof tables]),
  ]
  for (const [name, tables] of groups) {
    const runs = new Set(Object.values(tables).map(({ run_id }) => run_id))
    const instants = new Set(Object.values(tables).map(({ snapshot }) => JSON.stringify(snapshot)))
    if (runs.size > 1 || instants.size > 1)
      problems.push(`${name}: mixed: ${runs.size} runs, ${instants.size} instants: ${[...runs].join(', ')}`)
  }
}

/** Checks that what was replaced is there until its time is over. */
function checkRetired({ keys, etl, problems }: Check): void {
  for (const { run_id, until, keys: replaced } of etl.retired) {
    if (until !== null && Date.parse(until) < Date.now()) continue
    for (const key of replaced)
      if (!keys.has(key)) problems.push(`${key}: missing: replaced by ${run_id}, to be retained until ${until}`)
  }
}

/** Checks that a reader of the earlier `etl.json` still finds all that it reaches. */
async function checkEarlier({ objects, problems }: Check, text: string): Promise<void> {
  const found: string[] = []
  const earlier = parseChecked<Etl>('the earlier etl.json', text)
  const { files } = await readReached(objects, earlier, found)
  for (const file of files) await readPromised(objects, file, found)
  problems.push(...found.map((problem) => `for a reader of the earlier etl.json: ${problem}`))
}

async function checkClean({ objects, etl, problems }: Check, text: string, temp: string): Promise<void> {
  if (etl.copies_pending.length > 0) problems.push(`plain copies are pending: ${etl.copies_pending.join(', ')}`)
  for (const { run_id, until } of etl.retired)
    if (until === null) problems.push(`the retention time of what ${run_id} replaced has not started`)
  if (objects.isFolder && (await objects.read('etl.json'))?.toString() !== text)
    problems.push('the plain file etl.json is older than the newest generation')
  const lock = await currentLock(objects)
  if (lock.released !== true) problems.push('lock.json: not released')
  const left = (await readdir(temp).catch(() => [])).filter((name) => name.startsWith('dwh-'))
  if (left.length > 0) problems.push(`temporary folders left: ${left.join(', ')}`)
}

const OF_THE_WAREHOUSE = /^_dwh\/(lock\.json$|runs\/|generations\/)/

async function checkQuiet({ objects, keys, etl, reached, problems }: Check): Promise<void> {
  if (etl.retired.length > 0) problems.push(`still retired: ${etl.retired.flatMap((group) => group.keys).join(', ')}`)
  for (const key of keys)
    if (key.startsWith('_dwh/') && !OF_THE_WAREHOUSE.test(key) && !reached.keys.has(key))
      problems.push(`${key}: orphan`)
  if ((await objects.unfinished()) > 0) problems.push('an unfinished multipart upload is left')
}

/** Returns the current `_dwh/lock.json`. */
export async function currentLock(objects: WarehouseObjects): Promise<{ released?: boolean; expires_at?: string }> {
  const folder = '_dwh/generations/_dwh/lock.json/'
  const last = objects.isFolder
    ? (await objects.keys())
        .filter((key) => key.startsWith(folder))
        .sort()
        .at(-1)
    : null
  const body = await objects.read(last ?? '_dwh/lock.json')
  return body ? JSON.parse(body.subarray(last ? 1 : 0).toString() || '{}') : {}
}
