import { readdir } from 'node:fs/promises'
import { parquetMetadata } from 'hyparquet'
import {
  type Etl,
  type Manifest,
  type PromisedFile,
  type PromisedTable,
  parseChecked,
  readEtlText,
  sha256,
} from './read-etl.ts'
import type { WarehouseObjects } from './warehouse-objects.ts'

export interface CheckOptions {
  /** Set after a successful run, with no other in progress: then nothing may be left behind. */
  readonly clean?: { readonly temp: string }
  /** Set if the files are not Parquet. */
  readonly anyBytes?: boolean
  /** `etl.json` as a reader read it recently: the files that it names are retained for a day. */
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
    const visible = [...keys].filter((key) => !key.startsWith('_dwh/'))
    if (visible.length > 0) problems.push(`no etl.json, but there are objects: ${visible.join(', ')}`)
    return problems
  }
  try {
    const etl = parseChecked<Etl>('etl.json', text)
    const check = { objects, keys, etl, options, problems }
    const manifests = await readManifests(check)
    const whole = await checkFiles(check, manifests)
    if (!options.anyBytes) await checkOthersWhole(check, whole)
    checkNothingElse(check, manifests)
    checkOneRun(check, manifests)
    await checkRetained(check)
    if (options.earlier) await checkEarlier(check, options.earlier)
    if (options.clean) await checkClean(check, text, options.clean.temp)
  } catch (error) {
    problems.push((error as Error).message)
  }
  return problems
}

interface Check {
  readonly objects: WarehouseObjects
  readonly keys: ReadonlySet<string>
  readonly etl: Etl
  readonly options: CheckOptions
  readonly problems: string[]
}

/** Returns the keys at which a committed object of a run that is being published may be: staged, then final. */
function places({ publishing }: Etl, key: string): string[] {
  return publishing?.keys.includes(key) ? [`_dwh/stage/${publishing.run_id}/${key}`, key] : [key]
}

const MANIFEST = /^_dwh\/snapshots\/(\d{4})\/(\d\d)\/(\d\d)\.json$/

async function readManifests({ objects, keys, etl, problems }: Check): Promise<Manifest[]> {
  const { publishing } = etl
  const named = publishing ? publishing.keys.filter((key) => MANIFEST.test(key)) : []
  if (publishing && named.length !== 1)
    problems.push(`publishing names ${named.length} manifests: ${publishing.keys.join(', ')}`)
  const manifests: Manifest[] = []
  for (const key of new Set([...keys, ...named].filter((name) => MANIFEST.test(name)))) {
    const day = (MANIFEST.exec(key) ?? []).slice(1).join('-')
    const [at] = places(etl, key).filter((place) => keys.has(place))
    const body = at === undefined ? null : await objects.read(at)
    if (at === undefined || body === null) {
      problems.push(`${key}: neither staged nor promoted`)
      continue
    }
    const manifest = parseChecked<Manifest>(at, body.toString())
    if (manifest.date !== day) problems.push(`${at}: the manifest is of ${manifest.date}`)
    if (publishing?.date === day && manifest.run_id !== publishing.run_id)
      problems.push(`${at}: of run ${manifest.run_id}, while ${publishing.run_id} is being published`)
    manifests.push(manifest)
  }
  return manifests
}

/** Checks that every file that the tables name is at one of its keys. Returns the keys that hold the right bytes. */
async function checkFiles(check: Check, manifests: readonly Manifest[]): Promise<Set<string>> {
  const { etl, problems } = check
  const whole = new Set<string>()
  const promised = new Map<string, PromisedFile>()
  const owners = [etl.tables, ...manifests.map(({ tables }) => tables)]
  for (const tables of owners)
    for (const { files } of Object.values(tables)) for (const file of files) promised.set(idOf(file), file)
  for (const file of promised.values()) {
    const found = await holding(check, places(etl, file.key), file)
    if (!found) {
      problems.push(`${file.key}: missing: no key has SHA-256 ${file.sha256.slice(0, 8)} (${file.bytes} bytes)`)
      continue
    }
    whole.add(found.at)
    if (!check.options.anyBytes) checkParquet(check, file, found.bytes)
  }
  for (const [name, table] of Object.entries(etl.tables)) {
    const manifest = manifests.find(({ date }) => date === table.date)
    const same = manifest?.tables[name]?.files.map(idOf).join() === table.files.map(idOf).join()
    if (!same) problems.push(`${name}: etl.json and the manifest of ${table.date} name different files`)
  }
  return whole
}

/** Checks that no file under a final name is incomplete, since a glob reads all of them, whatever `etl.json` names. */
async function checkOthersWhole({ objects, keys, problems }: Check, whole: ReadonlySet<string>): Promise<void> {
  for (const key of keys) {
    if (key.startsWith('_dwh/') || !key.endsWith('.parquet') || whole.has(key)) continue
    const bytes = await objects.read(key)
    try {
      if (bytes) rowsOf(bytes)
    } catch (error) {
      problems.push(`${key}: not a complete Parquet file: ${(error as Error).message}`)
    }
  }
}

function idOf({ key, sha256 }: PromisedFile): string {
  return `${key} ${sha256}`
}

async function holding(
  { objects, keys }: Check,
  places: readonly string[],
  file: PromisedFile,
): Promise<{ at: string; bytes: Buffer } | null> {
  for (const at of places) {
    const bytes = keys.has(at) ? await objects.read(at) : null
    if (bytes?.length === file.bytes && sha256(bytes) === file.sha256) return { at, bytes }
  }
  return null
}

function checkParquet({ problems }: Check, file: PromisedFile, bytes: Buffer): void {
  const rows = rowsOf(bytes)
  if (rows !== file.rows) problems.push(`${file.key}: ${rows} rows, not ${file.rows}`)
}

function rowsOf({ buffer, byteOffset, byteLength }: Buffer): number {
  return Number(parquetMetadata(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer).num_rows)
}

/** Finds files that a glob over a table's folder would read, but no run committed. */
function checkNothingElse({ keys, etl, problems }: Check, manifests: readonly Manifest[]): void {
  const named = new Set(['etl.json', ...(etl.publishing?.keys ?? [])])
  for (const { tables } of [etl, ...manifests])
    for (const { files } of Object.values(tables)) for (const { key } of files) named.add(key)
  for (const key of keys)
    if (!key.startsWith('_dwh/') && !named.has(key)) problems.push(`${key}: in a table's folder, but in no manifest`)
}

function checkOneRun({ etl, problems }: Check, manifests: readonly Manifest[]): void {
  const groups: [string, Readonly<Record<string, PromisedTable>>][] = [
    ['etl.json', etl.tables],
    ...manifests.map(({ date, tables }) => [`the manifest of ${date}`, tables] as [string, typeof tables]),
  ]
  for (const [name, tables] of groups) {
    const runs = new Set(Object.values(tables).map(({ run_id }) => run_id))
    const instants = new Set(Object.values(tables).map(({ snapshot }) => JSON.stringify(snapshot)))
    if (runs.size > 1 || instants.size > 1)
      problems.push(`${name}: mixed: ${runs.size} runs, ${instants.size} instants: ${[...runs].join(', ')}`)
  }
}

async function checkRetained(check: Check): Promise<void> {
  const { objects, etl, problems } = check
  for (const { retained_as, sha256: wanted, until } of etl.retained) {
    if (Date.parse(until) < Date.now()) continue
    const bytes = await objects.read(retained_as)
    if (!bytes || sha256(bytes) !== wanted) problems.push(`${retained_as}: missing, or its bytes changed`)
  }
}

/** Checks that a reader of the earlier `etl.json` still finds all files that it names. */
async function checkEarlier(check: Check, text: string): Promise<void> {
  const earlier = parseChecked<Etl>('the earlier etl.json', text)
  for (const file of Object.values(earlier.tables).flatMap(({ files }) => files)) {
    const retained = check.etl.retained.filter(({ key, sha256 }) => key === file.key && sha256 === file.sha256)
    const at = [...places(check.etl, file.key), ...retained.map((entry) => entry.retained_as)]
    if (!(await holding(check, at, file)))
      check.problems.push(
        `${file.key}: missing: the earlier etl.json named SHA-256 ${file.sha256.slice(0, 8)}, and no key has it`,
      )
  }
}

async function checkClean({ objects, keys, etl, problems }: Check, text: string, temp: string): Promise<void> {
  if (etl.publishing) problems.push(`the publication is not cleared: ${etl.publishing.run_id}`)
  const retained = new Set(etl.retained.map((entry) => entry.retained_as))
  for (const key of keys) {
    if (/^_dwh\/(stage|incoming|probe)\//.test(key)) problems.push(`${key}: orphan`)
    if (key.startsWith('_dwh/kept/') && !retained.has(key))
      problems.push(`${key}: orphan: retained, but not named by etl.json`)
  }
  if ((await objects.unfinished()) > 0) problems.push('an unfinished multipart upload is left')
  if (objects.isFolder && (await objects.read('etl.json'))?.toString() !== text)
    problems.push('the plain file etl.json is older than the newest generation')
  const lock = await currentLock(objects)
  if (lock.released !== true) problems.push('lock.json: not released')
  const left = (await readdir(temp).catch(() => [])).filter((name) => name.startsWith('dwh-'))
  if (left.length > 0) problems.push(`temporary folders left: ${left.join(', ')}`)
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
