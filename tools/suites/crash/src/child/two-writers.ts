import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDwhError, type ObjectStore, STATE_KEY, type TableEntry, tableFileKey } from '@dwh/core'
import { publishRun, readManifest, readState, type StoredState, stageFile } from '@dwh/metadata'
import { localStore } from '@dwh/storage'
import type { PublishSpec, TwoWritersSpec } from './spec.ts'

export type RaceOutcome = 'published' | 'conflict' | string

export interface Race {
  readonly folder: string
  readonly how: 'at once' | 'held before the write' | 'held between comparing and writing'
  /** The outcomes of both writers, by run id. */
  readonly outcomes: Readonly<Record<string, RaceOutcome>>
}

const DATE = '2026-02-18'
/** One in this many trials has its second writer in another process. */
const EVERY = 12

/** Lets two writers that have read the same `etl.json` race, repeatedly, each time in a new folder. */
export async function twoWriters({ folder, trials }: TwoWritersSpec): Promise<Race[]> {
  const races: Race[] = []
  for (let trial = 0; trial < trials; trial += 1) {
    const own = join(folder, String(trial))
    const first = open(own)
    await publishRun(first, await readState(first), await staged(first, own, 'first'))
    const how = trial % EVERY === 0 ? HOWS[2] : HOWS[trial % 2]
    races.push({ folder: own, how: how as Race['how'], outcomes: await race(own, how as Race['how']) })
  }
  return races
}

const HOWS: readonly Race['how'][] = ['at once', 'held before the write', 'held between comparing and writing']

async function race(folder: string, how: Race['how']): Promise<Race['outcomes']> {
  const [a, b] = [open(folder), open(folder)]
  const base = await readState(a)
  if (how === 'held between comparing and writing') {
    let outcome = ''
    const held = heldWhileComparing(a, () => {
      const spec: PublishSpec = { do: 'publish', folder, runId: 'b' }
      outcome = JSON.parse(execFileSync(process.execPath, [process.argv[1] ?? '', JSON.stringify(spec)]).toString())
    })
    return { a: await attempt(held, base, folder, 'a'), b: outcome }
  }
  const other = attempt(b, base, folder, 'b')
  const one = attempt(how === 'at once' ? a : heldUntil(a, other), base, folder, 'a')
  return { a: await one, b: await other }
}

/** Publishes from the second process, while the first is in the middle of its write. */
export async function publishOnce({ folder, runId }: PublishSpec): Promise<RaceOutcome> {
  const store = open(folder)
  return attempt(store, await readState(store), folder, runId)
}

async function attempt(store: ObjectStore, base: StoredState, folder: string, runId: string): Promise<RaceOutcome> {
  try {
    const { unfinished } = await publishRun(store, base, await staged(store, folder, runId))
    return unfinished === null ? 'published' : String(unfinished)
  } catch (error) {
    return isDwhError(error, 'CONFLICT') ? 'conflict' : String(error)
  }
}

/** Opens another store over the same folder. */
function open(folder: string): ObjectStore {
  return localStore({ path: join(folder, 'warehouse') })
}

/** Writes `etl.json` only after the other writer has ended. */
function heldUntil(store: ObjectStore, other: Promise<unknown>): ObjectStore {
  return {
    ...store,
    async put(key, body, condition) {
      if (key === STATE_KEY) await other
      return store.put(key, body, condition)
    },
  }
}

/**
 * Runs `meanwhile` during the comparison: after the store read the existing object, before the new one gets its name.
 */
function heldWhileComparing(store: ObjectStore, meanwhile: () => void): ObjectStore {
  let done = false
  return {
    ...store,
    put(key, body, condition) {
      if (done || key !== STATE_KEY || !condition || !('ifMatch' in condition)) return store.put(key, body, condition)
      const { ifMatch } = condition
      return store.put(key, body, {
        get ifMatch() {
          if (!done) {
            done = true
            meanwhile()
          }
          return ifMatch
        },
      })
    },
  }
}

async function staged(store: ObjectStore, folder: string, runId: string) {
  const now = new Date()
  const tables: Record<string, TableEntry> = {}
  for (const name of ['left', 'right']) {
    const body = `${name} of ${runId}`
    const key = tableFileKey({ schema: 'public', name }, DATE)
    const path = join(folder, `${name}-${runId}`)
    await mkdir(folder, { recursive: true })
    await writeFile(path, body)
    await stageFile(store, runId, key, path)
    const sha256 = createHash('sha256').update(body).digest('hex')
    tables[name] = {
      source: { name: 'default', schema: 'public', table: name },
      run_id: runId,
      date: DATE,
      mode: 'snapshot',
      snapshot: { id: runId, position: null, taken_at: now.toISOString() },
      files: [{ key, rows: 1, bytes: body.length, sha256 }],
      columns: [],
      proof: { level: 'counts', rows: 1 },
      schema_hash: 'x',
      primary_key: [],
      watermark: null,
      lossy_conversions: {},
    }
  }
  const { state } = await readState(store)
  const previous = await readManifest(store, state, DATE)
  return { runId, date: DATE, tables, failed: {}, dropped: [], sources: {}, previous, startedAt: now, now }
}
