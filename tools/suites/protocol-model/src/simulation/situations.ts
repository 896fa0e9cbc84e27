import { type CopyPolicy, type Day, manifestKey, type ObjectStore, STATE_KEY, stageKey, tableFileKey } from '@dwh/core'
import { RETAINED_FOR_MS } from '@dwh/metadata'
import { run } from './actors.ts'
import { bytesOf, entryOf } from './entries.ts'
import { hashOf, Objects, type StoredBytes } from './objects.ts'
import { seeded } from './random.ts'
import type { Code, RunPlan } from './run-plan.ts'
import { NO_FAULTS, Scheduler } from './scheduler.ts'

export const PAST: Day = '2026-02-18'
export const TODAY: Day = '2026-02-20'
/** The last days of the month before. */
const LAST_BUT_ONE: Day = '2026-01-30'
const LAST: Day = '2026-01-31'
export const START: number = Date.parse('2026-02-20T03:00:00Z')
const HOUR_MS = 60 * 60 * 1000

/** A run's day, and its tables, one letter each. */
export type DayTables = readonly [Day, string]

/** The content of a warehouse before, and what each of two racing runs may read. */
export interface Situation {
  readonly name: string
  readonly before: readonly DayTables[]
  /** The version that wrote it. `3 interrupted`: its last run died between its commit and the end. */
  readonly version?: '3' | '3 interrupted'
  readonly runs: readonly DayTables[]
  /** When days of before have plain copies. Default `daily`. */
  readonly complete?: CopyPolicy
  /** `dwh prune` is likely. */
  readonly prunes?: true
}

const TWO_DAYS: DayTables[] = [
  [PAST, 'ab'],
  [TODAY, 'ab'],
]

export const SITUATIONS: readonly Situation[] = [
  { name: 'first run', before: [], runs: [[TODAY, 'ab']] },
  { name: 're-run of the day', before: [[TODAY, 'ab']], runs: [[TODAY, 'ab']] },
  {
    name: 'replaced past day',
    before: [
      [PAST, 'ab'],
      [TODAY, 'a'],
    ],
    runs: [
      [PAST, 'ab'],
      [PAST, 'b'],
      [TODAY, 'ab'],
    ],
  },
  { name: 'run of some tables', before: [[TODAY, 'ab']], runs: [...'ab'].map((table) => [TODAY, table]) },
  {
    name: 'two days',
    before: TWO_DAYS,
    runs: [
      [PAST, 'a'],
      [TODAY, 'ab'],
    ],
  },
  {
    name: 'version 3',
    before: TWO_DAYS,
    version: '3',
    runs: [
      [PAST, 'a'],
      [TODAY, 'b'],
    ],
  },
  { name: 'version 3, interrupted', before: TWO_DAYS, version: '3 interrupted', runs: [[TODAY, 'ab']] },
  {
    name: 'a day without a table',
    before: [
      [PAST, 'a'],
      [TODAY, 'ab'],
    ],
    runs: [
      [PAST, 'ab'],
      [PAST, 'b'],
      [TODAY, 'b'],
    ],
  },
  {
    name: 'a new day',
    before: [[PAST, 'ab']],
    runs: [
      [TODAY, 'ab'],
      [TODAY, 'a'],
      [PAST, 'ab'],
    ],
  },
  {
    name: 'a new month',
    before: [
      [LAST_BUT_ONE, 'ab'],
      [LAST, 'a'],
    ],
    complete: 'month-end',
    runs: [
      [TODAY, 'ab'],
      [LAST, 'ab'],
      [LAST_BUT_ONE, 'a'],
    ],
  },
  {
    name: 'the end of the month before',
    before: [
      [LAST_BUT_ONE, 'ab'],
      [TODAY, 'ab'],
    ],
    complete: 'month-end',
    runs: [
      [LAST, 'ab'],
      [LAST, 'a'],
      [TODAY, 'a'],
    ],
  },
  {
    name: 'the end of the month before, and prune',
    before: [
      [LAST_BUT_ONE, 'ab'],
      [LAST, 'a'],
      [TODAY, 'a'],
    ],
    complete: 'month-end',
    prunes: true,
    runs: [[TODAY, 'a']],
  },
]

/** The start of each situation, made by the code under test without faults. */
export interface Stage {
  readonly code: Code
  readonly before: readonly ReadonlyMap<string, StoredBytes>[]
}

export async function prepare(code: Code): Promise<Stage> {
  const before = []
  for (const situation of SITUATIONS) {
    const objects = new Objects('bucket')
    if (situation.version) putVersion3(code, objects, situation.version === '3 interrupted')
    else await play(code, objects, situation)
    before.push(objects.snapshot())
  }
  return { code, before }
}

async function play(code: Code, objects: Objects, { before, complete }: Situation): Promise<void> {
  const inTurn = async (work: (store: ObjectStore) => Promise<unknown>) => {
    const scheduler = new Scheduler(objects, seeded(0), { trace: [], onStep() {}, onSleep() {} })
    scheduler.start('before', NO_FAULTS, async (store) => void (await work(store)))
    await scheduler.run()
  }
  // so long ago that nobody looks again at the plain copies
  const isLongAgo = complete !== undefined
  const clock = () => new Date(START - HOUR_MS - (isLongAgo ? 2 * RETAINED_FOR_MS : 0))
  for (const [i, [date, tables]] of before.entries())
    await inTurn((store) => run(code, store, planBefore(i, date, tables, complete), clock))
  if (!isLongAgo) return
  await inTurn((store) => code.clean(store, { now: new Date(START - HOUR_MS), raiseToken: false, whole: true }))
  await inTurn((store) => code.refreshCopies(store, { clock }))
}

const beforeId = (i: number): string => `20260220T020000Z-b${i}`

function planBefore(i: number, date: Day, tables: string, complete: CopyPolicy = 'daily'): RunPlan {
  const newId = () => beforeId(100 + i)
  return {
    runId: beforeId(i),
    date,
    tables: [...tables].map((name) => ({ name, changed: true, complete })),
    drops: false,
    leaseMs: null,
    cleans: false,
    whole: false,
    fails: false,
    newId,
  }
}

/** Puts what version 3 stored: files and lists at fixed keys, which a run replaced. */
function putVersion3(code: Code, objects: Objects, interrupted: boolean): void {
  const keyOf = (name: string, date: Day) => tableFileKey({ schema: 'public', name }, date)
  const textOf = (value: object) => code.serialise({ ...value, version: 3 } as never)
  const put = (key: string, body: string | Uint8Array) => objects.put(key, Buffer.from(body))
  const days = TWO_DAYS.map(([date, names], i) => {
    const tables = Object.fromEntries(
      [...names].map((name) => [name, entryOf(beforeId(i), date, name, { key: keyOf(name, date) })]),
    )
    for (const name of names) put(keyOf(name, date), bytesOf(beforeId(i), name))
    put(manifestKey(date), textOf({ date, run_id: beforeId(i), tables }))
    return tables
  })
  let [, tables = {}] = days
  let publishing: object | null = null
  const retained: object[] = []
  if (interrupted) {
    const runId = beforeId(2)
    tables = Object.fromEntries(
      [...'ab'].map((name) => [name, entryOf(runId, TODAY, name, { key: keyOf(name, TODAY) })]),
    )
    for (const name of 'ab') {
      const retained_as = `_dwh/kept/${runId}/${keyOf(name, TODAY)}`
      put(retained_as, bytesOf(beforeId(1), name))
      const until = new Date(START + 23 * HOUR_MS).toISOString()
      retained.push({ key: keyOf(name, TODAY), sha256: hashOf(bytesOf(beforeId(1), name)), retained_as, until })
    }
    // one file is in its place already
    put(keyOf('a', TODAY), bytesOf(runId, 'a'))
    put(stageKey(runId, keyOf('b', TODAY)), bytesOf(runId, 'b'))
    put(stageKey(runId, manifestKey(TODAY)), textOf({ date: TODAY, run_id: runId, tables }))
    publishing = { run_id: runId, date: TODAY, keys: [keyOf('a', TODAY), keyOf('b', TODAY), manifestKey(TODAY)] }
  }
  const state = {
    last_run_at: new Date(START - HOUR_MS).toISOString(),
    status: 'success',
    duration_ms: 1,
    counts: { a: 1, b: 1 },
    run_id: beforeId(interrupted ? 2 : 1),
    sources: {},
    fencing_token: 7,
    publishing,
    retained,
    pruned: [],
    tables,
    failed_tables: {},
    last_failure: null,
    conditional_writes: true,
  }
  put(STATE_KEY, textOf(state))
}
