import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { isDwhError, type ObjectStore, STATE_KEY } from '@dwh/core'
import { clean, publishRun, readBase, readState, type StoredState } from '@dwh/metadata'
import { localStore } from '@dwh/storage'
import { makePublication } from './make-publication.ts'
import type { PublishSpec, TwoWritersSpec } from './spec.ts'

export type RaceOutcome = 'published' | 'conflict' | string

const HOWS = [
  'held before the write',
  'at once',
  'a collector before the commit',
  'a commit while a collector is about to raise the token',
  'held before a plain copy is placed',
  'held between comparing and writing',
] as const

export interface Race {
  readonly folder: string
  readonly how: (typeof HOWS)[number]
  /** The outcomes of the writers, by run id. */
  readonly outcomes: Readonly<Record<string, RaceOutcome>>
}

/** One in this many trials has its second writer in another process. */
const EVERY = 12

export const FIRST = '20260218T000000Z-00000001'
const A = '20260218T000000Z-0000000a'
const B = '20260218T000000Z-0000000b'

/** Lets two writers that have read the same `etl.json` race, repeatedly, each time in a new folder. */
export async function twoWriters({ folder, trials }: TwoWritersSpec): Promise<Race[]> {
  const races: Race[] = []
  for (let trial = 0; trial < trials; trial += 1) {
    const own = join(folder, String(trial))
    await attempt(open(own), await base(open(own)), own, FIRST)
    const how = HOWS[trial % EVERY === 0 ? HOWS.length - 1 : trial % (HOWS.length - 1)] as Race['how']
    races.push({ folder: own, how, outcomes: await RACES[how](own) })
  }
  return races
}

/** What happens in a folder; returns the outcomes. */
const RACES: Readonly<Record<Race['how'], (folder: string) => Promise<Race['outcomes']>>> = {
  async 'at once'(folder) {
    const [a, b] = [open(folder), open(folder)]
    const read = await base(a)
    const both = await Promise.all([attempt(b, read, folder, B), attempt(a, read, folder, A)])
    return { [B]: both[0], [A]: both[1] }
  },

  async 'held before the write'(folder) {
    const [a, b] = [open(folder), open(folder)]
    const read = await base(a)
    const other = attempt(b, read, folder, B)
    return {
      [A]: await attempt(
        beforeState(a, () => other),
        read,
        folder,
        A,
      ),
      [B]: await other,
    }
  },

  async 'held between comparing and writing'(folder) {
    const a = open(folder)
    let outcome = ''
    const held = heldWhileComparing(a, () => {
      const spec: PublishSpec = { do: 'publish', folder, runId: B }
      outcome = JSON.parse(execFileSync(process.execPath, [process.argv[1] ?? '', JSON.stringify(spec)]).toString())
    })
    return { [A]: await attempt(held, await base(a), folder, A), [B]: outcome }
  },

  async 'a collector before the commit'(folder) {
    const a = open(folder)
    const held = beforeState(a, () => clean(open(folder), WHOLE()))
    return { [A]: await attempt(held, await base(a), folder, A) }
  },

  async 'a commit while a collector is about to raise the token'(folder) {
    const a = open(folder)
    const publication = await makePublication(a, folder, A)
    const read = await base(a)
    let outcome = ''
    await clean(
      beforeState(open(folder), async () => {
        outcome = await publish(a, read, publication)
      }),
      WHOLE(),
    )
    return { [A]: outcome }
  },

  async 'held before a plain copy is placed'(folder) {
    const a = open(folder)
    let outcome = ''
    const held = beforePlacing(a, async () => {
      outcome = await attempt(open(folder), await base(open(folder)), folder, B)
    })
    return { [A]: await attempt(held, await base(a), folder, A), [B]: outcome }
  },
}

const WHOLE = () => ({ now: new Date(), raiseToken: false, whole: true })

function base(store: ObjectStore): Promise<StoredState> {
  return readBase(store, () => {
    throw new Error('not of an earlier version')
  })
}

/** Publishes from the second process, while the first is in the middle of its write. */
export async function publishOnce({ folder, runId }: PublishSpec): Promise<RaceOutcome> {
  const store = open(folder)
  return attempt(store, await readState(store), folder, runId)
}

async function attempt(store: ObjectStore, read: StoredState, folder: string, runId: string): Promise<RaceOutcome> {
  return publish(store, read, await makePublication(store, folder, runId))
}

async function publish(
  store: ObjectStore,
  read: StoredState,
  publication: Awaited<ReturnType<typeof makePublication>>,
): Promise<RaceOutcome> {
  try {
    const { unfinished } = await publishRun(store, read, publication)
    return unfinished === null ? 'published' : String(unfinished)
  } catch (error) {
    return isDwhError(error, 'CONFLICT') ? 'conflict' : String(error)
  }
}

/** Opens another store over the same folder. */
function open(folder: string): ObjectStore {
  return localStore({ path: join(folder, 'warehouse') })
}

/** All calls wait for the first. */
function once(happen: () => Promise<unknown>): () => Promise<unknown> {
  let happening: Promise<unknown> | undefined
  return () => {
    happening ??= happen()
    return happening
  }
}

/** Lets something happen once, before `etl.json` is written for the first time. */
function beforeState(store: ObjectStore, happen: () => Promise<unknown>): ObjectStore {
  const happened = once(happen)
  return {
    ...store,
    async put(key, body, condition) {
      if (key === STATE_KEY) await happened()
      return store.put(key, body, condition)
    },
  }
}

/** Lets something happen once, when a plain copy is prepared and wanted, before it gets its name. */
function beforePlacing(store: ObjectStore, happen: () => Promise<unknown>): ObjectStore {
  const happened = once(happen)
  return {
    ...store,
    copy: (from, to, isWanted) =>
      store.copy(from, to, async () => {
        const wanted = (await isWanted?.()) ?? true
        await happened()
        return wanted
      }),
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
