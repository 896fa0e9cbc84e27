import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Day,
  DwhError,
  type EtlState,
  type FileEntry,
  manifestKey,
  type ObjectStore,
  STATE_KEY,
  type TableEntry,
  tableFileKey,
  whereToLook,
} from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import {
  abandonRun,
  type Publication,
  publishRun,
  RETAINED_FOR_MS,
  readManifest,
  readRecoveredState,
  readState,
  recordFailure,
  type StoredState,
  stageFile,
} from './index.ts'
import { serialise } from './parse-state.ts'

const NOW = new Date('2026-02-18T03:00:00Z')

function entry(runId: string, date: Day, name: string, body: string): TableEntry {
  const sha256 = createHash('sha256').update(body).digest('hex')
  const key = tableFileKey({ schema: 'public', name }, date)
  return {
    source: { name: 'default', schema: 'public', table: name },
    run_id: runId,
    date,
    mode: 'snapshot',
    snapshot: { id: '1', position: null, taken_at: NOW.toISOString() },
    files: [{ key, rows: body.length, bytes: body.length, sha256 }],
    columns: [],
    proof: { level: 'counts', rows: body.length },
    schema_hash: 'x',
    primary_key: [],
    watermark: null,
    lossy_conversions: {},
  }
}

interface Options {
  date?: Day
  dropped?: string[]
  failed?: Publication['failed']
  now?: Date
  base?: StoredState
}

/** Stages and publishes a run whose tables hold the given texts. */
async function run(store: ObjectStore, runId: string, tables: Record<string, string>, options: Options = {}) {
  const { date = '2026-02-18', dropped = [], failed = {}, now = NOW } = options
  const base = options.base ?? (await readRecoveredState(store))
  const folder = await temporaryFolder()
  const entries: Record<string, TableEntry> = {}
  for (const [name, body] of Object.entries(tables)) {
    const made = entry(runId, date, name, body)
    await writeFile(join(folder, name), body)
    await stageFile(store, runId, made.files[0]?.key ?? '', join(folder, name))
    entries[name] = made
  }
  const publication: Publication = {
    runId,
    date,
    tables: entries,
    dropped,
    failed,
    sources: { default: { kind: 'postgres', system_identifier: '7', database: 'app' } },
    previous: await readManifest(store, base.state, date),
    startedAt: new Date(now.getTime() - 1000),
    now,
  }
  return publishRun(store, base, publication)
}

async function keys(store: ObjectStore, prefix = ''): Promise<string[]> {
  const all: string[] = []
  for await (const { key } of store.list(prefix)) all.push(key)
  return all
}

/** Finds the bytes of a committed file as a reader does; null if no key has them. */
async function find(store: ObjectStore, state: EtlState, file: FileEntry): Promise<string | null> {
  for (const key of whereToLook(state, file)) {
    const body = (await store.get(key))?.body
    if (body && createHash('sha256').update(body).digest('hex') === file.sha256) return Buffer.from(body).toString()
  }
  return null
}

async function answers(store: ObjectStore, state: EtlState): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {}
  for (const [name, table] of Object.entries(state.tables))
    found[name] = await find(store, state, table.files[0] as FileEntry)
  return found
}

async function open(): Promise<ObjectStore> {
  return localStore({ path: await temporaryFolder() })
}

describe('a run is published without its failed tables', () => {
  const failed = { b: { code: 'VALUE_REFUSED', message: 'b: no', hint: null } }
  const failure = { run_id: 'r2', at: NOW.toISOString(), ...failed.b }

  test('a failed table: keeps its file and its entry in the day’s manifest, until a run reads it again', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1', b: 'B1' })
    const { state } = await run(store, 'r2', { a: 'A2' }, { failed })
    expect(state).toMatchObject({
      status: 'partial',
      run_id: 'r2',
      counts: { a: 2, b: 2 },
      failed_tables: { b: failure },
    })
    expect(await answers(store, state)).toEqual({ a: 'A2', b: 'B1' })
    const manifest = await readManifest(store, (await readState(store)).state, '2026-02-18')
    expect(Object.entries(manifest?.tables ?? {}).map(([name, { run_id }]) => [name, run_id])).toEqual([
      ['a', 'r2'],
      ['b', 'r1'],
    ])
    const some = await run(store, 'r3', { a: 'A3' })
    expect(some.state).toMatchObject({ status: 'success', failed_tables: { b: failure } })
    expect((await run(store, 'r4', { b: 'B4' })).state.failed_tables).toEqual({})
  })

  test('a failed table that was never published: absent, forgotten by the next run that does not try it', async () => {
    const store = await open()
    const { state } = await run(store, 'r2', { a: 'A2' }, { failed })
    expect([Object.keys(state.tables), state.failed_tables]).toEqual([['a'], { b: failure }])
    expect((await run(store, 'r3', { a: 'A3' })).state.failed_tables).toEqual({})
  })

  test('a failed table that is removed later: no longer listed', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1', b: 'B1' })
    await run(store, 'r2', { a: 'A2' }, { failed })
    expect((await run(store, 'r3', { a: 'A3' }, { dropped: ['b'] })).state.failed_tables).toEqual({})
  })

  test('a run for an earlier day: does not affect a newer table', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1', b: 'B1' })
    const { state } = await run(store, 'r2', { a: 'A2' }, { failed, date: '2026-02-17' })
    expect(state).toMatchObject({ status: 'partial', failed_tables: {} })
    expect(await answers(store, state)).toEqual({ a: 'A1', b: 'B1' })
  })
})

describe('a run is published', () => {
  test('the first: etl.json names its files, which are in place, and there are no others', async () => {
    const store = await open()
    const { state, unfinished } = await run(store, 'r1', { a: 'A1', b: 'B1' })
    expect(unfinished).toBeNull()
    expect(await keys(store)).toEqual([
      '_dwh/snapshots/2026/02/18.json',
      'a/2026/02/18.parquet',
      'b/2026/02/18.parquet',
      'etl.json',
    ])
    const now = (await readState(store)).state
    expect(now).toEqual({ ...state, publishing: null })
    expect(now).toMatchObject({
      version: 3,
      status: 'success',
      run_id: 'r1',
      last_run_at: '2026-02-18T03:00:00.000Z',
      duration_ms: 1000,
      counts: { a: 2, b: 2 },
      sources: { default: { kind: 'postgres', database: 'app' } },
      retained: [],
      last_failure: null,
      conditional_writes: true,
    })
    expect(await answers(store, now)).toEqual({ a: 'A1', b: 'B1' })
    expect(await readManifest(store, now, '2026-02-18')).toMatchObject({
      date: '2026-02-18',
      run_id: 'r1',
      tables: now.tables,
    })
  })

  test('again on the same day: the files are replaced, and the previous bytes are retained for a day', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1', b: 'B1' })
    const before = (await readState(store)).state
    await run(store, 'r2', { a: 'A2', b: 'B1' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A2', b: 'B1' })
    expect(state.retained.map((retained) => [retained.key, retained.retained_as, retained.until])).toEqual([
      ['a/2026/02/18.parquet', '_dwh/kept/r2/a/2026/02/18.parquet', '2026-02-19T03:00:00.000Z'],
      ['b/2026/02/18.parquet', '_dwh/kept/r2/b/2026/02/18.parquet', '2026-02-19T03:00:00.000Z'],
    ])
    // a reader with the previous manifest finds its bytes after reading etl.json again
    expect(await find(store, state, before.tables.a?.files[0] as FileEntry)).toBe('A1')
    await run(store, 'r3', { a: 'A3', b: 'B3' }, { now: new Date(NOW.getTime() + RETAINED_FOR_MS + 1) })
    expect((await readState(store)).state.retained.map((retained) => retained.retained_as)).toEqual([
      '_dwh/kept/r3/a/2026/02/18.parquet',
      '_dwh/kept/r3/b/2026/02/18.parquet',
    ])
  })

  test('the next day: current moves, the day before stays', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1' })
    await run(store, 'r2', { a: 'A2' }, { date: '2026-02-19' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A2' })
    expect(state.retained).toEqual([])
    const yesterday = await readManifest(store, state, '2026-02-18')
    expect(await find(store, state, yesterday?.tables.a?.files[0] as FileEntry)).toBe('A1')
  })

  test('an earlier day: its manifest and files are there, the current views do not move', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1' }, { date: '2026-02-18' })
    await run(store, 'r2', { a: 'A0', b: 'B0' }, { date: '2026-02-10' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A1', b: 'B0' })
    expect(state).toMatchObject({ run_id: 'r2', counts: { a: 2, b: 2 } })
    await run(store, 'r3', { a: 'A9' }, { date: '2026-02-10' })
    const after = (await readState(store)).state
    expect(await answers(store, after)).toEqual({ a: 'A1', b: 'B0' })
    const past = await readManifest(store, after, '2026-02-10')
    expect(await find(store, after, past?.tables.a?.files[0] as FileEntry)).toBe('A9')
    expect(await find(store, after, past?.tables.b?.files[0] as FileEntry)).toBe('B0')
  })

  test('some tables only: the others stay, in etl.json and in the day', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1', b: 'B1' })
    await run(store, 'r2', { b: 'B2' })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A1', b: 'B2' })
    expect(state.tables.a?.run_id).toBe('r1')
    expect(Object.keys((await readManifest(store, state, '2026-02-18'))?.tables ?? {})).toEqual(['a', 'b'])
  })

  test('a table that is gone: leaves the views and keeps its history', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1', b: 'B1' })
    await run(store, 'r2', { a: 'A2' }, { dropped: ['b'] })
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A2' })
    expect(state.counts).toEqual({ a: 2 })
    const day = await readManifest(store, state, '2026-02-18')
    expect(await find(store, state, day?.tables.b?.files[0] as FileEntry)).toBe('B1')
  })

  test('fields that a later version added to etl.json and a manifest: preserved', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1', b: 'B1' })
    const now = await readState(store)
    const table = { ...(now.state.tables.a as TableEntry), partitions: 3 }
    const state = { ...now.state, novelty: { x: 1 }, tables: { ...now.state.tables, a: table } }
    await store.put(STATE_KEY, serialise(state), { ifMatch: now.etag ?? '' })
    await run(store, 'r2', { b: 'B2' })
    expect((await readState(store)).state).toMatchObject({
      novelty: { x: 1 },
      tables: { a: { partitions: 3 }, b: { run_id: 'r2' } },
    })
  })
})

describe('two runs at once', () => {
  test('the slower one loses, knows it, and does not change the faster one', async () => {
    const store = await open()
    await run(store, 'r0', { a: 'A0' })
    const base = await readRecoveredState(store)
    await run(store, 'r1', { a: 'A1' })
    await expect(run(store, 'r2', { a: 'A2' }, { base })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('r1'),
      hint: expect.stringContaining('This run published nothing'),
    })
    await abandonRun(store, 'r2')
    const { state } = await readState(store)
    expect(await answers(store, state)).toEqual({ a: 'A1' })
    expect(await keys(store, '_dwh/stage/')).toEqual([])
  })

  test('a failure recorded in between: does not make the run lose', async () => {
    const store = await open()
    await run(store, 'r0', { a: 'A0' })
    const base = await readRecoveredState(store)
    await recordFailure(store, {
      run_id: 'rx',
      at: NOW.toISOString(),
      code: 'RUN_FAILED',
      message: 'x',
      hint: null,
      tables: [],
    })
    await run(store, 'r1', { a: 'A1' }, { base })
    expect((await readState(store)).state).toMatchObject({ run_id: 'r1', last_failure: null })
  })
})

/** Returns a store whose power is cut after `requests` requests: all later ones fail; the last one was done or not. */
function cutAfter(store: ObjectStore, requests: number, lastIsDone: boolean): ObjectStore {
  let left = requests
  const cut = () => new DwhError('STORE_UNREACHABLE', 'the power is out')
  async function request<T>(work: () => Promise<T>): Promise<T> {
    left -= 1
    if (left < 0) throw cut()
    if (left > 0) return work()
    if (lastIsDone) await work()
    throw cut()
  }
  return {
    ...store,
    get: (key) => request(() => store.get(key)),
    put: (key, body, condition) => request(() => store.put(key, body, condition)),
    putFile: (key, path, options) => request(() => store.putFile(key, path, options)),
    head: (key) => request(() => store.head(key)),
    copy: (from, to) => request(() => store.copy(from, to)),
    delete: (key) => request(() => store.delete(key)),
  }
}

describe('the power is cut', () => {
  test.each([
    ['a first run', []],
    ['a run over the same day', [{ date: '2026-02-18', tables: { a: 'A1', b: 'B1' } }]],
    [
      'a run over a past day',
      [
        { date: '2026-02-18', tables: { a: 'A1', b: 'B1' } },
        { date: '2026-02-20', tables: { a: 'A3' } },
      ],
    ],
  ])(
    'after any request of %s: a reader sees the old state or the new one, and the next run succeeds',
    async (_, before) => {
      let cuts = 0
      let published = 0
      for (let requests = 1; ; requests += 1) {
        const outcomes = await Promise.all([false, true].map((lastIsDone) => attempt(before, requests, lastIsDone)))
        if (outcomes.every((outcome) => outcome === 'complete')) break
        cuts += 1
        if (outcomes[1] === 'published') published += 1
      }
      expect(cuts).toBeGreaterThan(15)
      expect(published).toBeGreaterThan(5)
      expect(published).toBeLessThan(cuts)
    },
  )

  async function attempt(
    before: { date: Day; tables: Record<string, string> }[],
    requests: number,
    lastIsDone: boolean,
  ) {
    const store = await open()
    for (const [i, day] of before.entries()) await run(store, `r${i}`, day.tables, { date: day.date })
    const base = await readRecoveredState(store)
    const old = { current: await answers(store, base.state), day: await dayAnswers(store) }
    const result = await run(cutAfter(store, requests, lastIsDone), 'cut', { a: 'A2', b: 'B2' }, { base }).catch(
      (error) => error,
    )
    const complete = !(result instanceof Error) && result.unfinished === null

    const now = await readState(store)
    const isNew = now.state.run_id === 'cut'
    const expected = isNew ? { ...base.state.tables, ...pastKeeps(base.state) } : base.state.tables
    expect(Object.keys(await answers(store, now.state)).sort()).toEqual(Object.keys(expected).sort())
    const newDay = { a: 'A2', b: 'B2' }
    expect(await dayAnswers(store)).toEqual(isNew ? newDay : old.day)
    if (!isNew) expect(await answers(store, now.state)).toEqual(old.current)
    for (const answer of Object.values(await answers(store, now.state))) expect(answer).not.toBeNull()
    // a reader with the previous state finds its bytes, at the latest after reading again
    for (const table of Object.values(base.state.tables))
      expect(await find(store, now.state, table.files[0] as FileEntry)).not.toBeNull()
    // only a run that was published reports success
    if (!(result instanceof Error)) expect(isNew).toBe(true)

    await run(store, 'next', { a: 'A4', b: 'B4' })
    const after = await readState(store)
    expect(await dayAnswers(store)).toEqual({ a: 'A4', b: 'B4' })
    expect(after.state.publishing).toBeNull()
    for (const file of Object.values(after.state.tables).flatMap((table) => table.files))
      expect(await find(store, after.state, file)).not.toBeNull()
    return complete ? 'complete' : isNew ? 'published' : 'not published'
  }

  /** Returns the tables of the run for 2026-02-18, which are in the current ones after it is published. */
  function pastKeeps(state: EtlState): Record<string, unknown> {
    return { a: state.tables.a, b: state.tables.b }
  }

  async function dayAnswers(store: ObjectStore): Promise<Record<string, string | null> | null> {
    const { state } = await readState(store)
    const manifest = await readManifest(store, state, '2026-02-18')
    return manifest && answers(store, { ...state, tables: manifest.tables })
  }
})

describe('the answer to the commit is lost', () => {
  /** Loses the answers to the first `count` conditional writes of etl.json, done or not. */
  function losing(store: ObjectStore, count: number, done: boolean): ObjectStore {
    let left = count
    return {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY || left === 0) return store.put(key, body, condition)
        left -= 1
        if (done) await store.put(key, body, condition)
        throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
      },
    }
  }

  test('the commit was done: the run is published, once', async () => {
    const store = await open()
    expect(await run(losing(store, 1, true), 'r1', { a: 'A1' })).toMatchObject({
      unfinished: null,
      state: { run_id: 'r1' },
    })
    expect(await answers(store, (await readState(store)).state)).toEqual({ a: 'A1' })
  })

  test('the commit was not done: it is repeated', async () => {
    const store = await open()
    expect(await run(losing(store, 3, false), 'r1', { a: 'A1' })).toMatchObject({
      unfinished: null,
      state: { run_id: 'r1' },
    })
  })

  test('the result stays unknown: an error that says so, and nothing is removed', async () => {
    const store = await open()
    await expect(run(losing(store, 100, false), 'r1', { a: 'A1' })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      context: { uncertain: true },
    })
    expect(await keys(store, '_dwh/stage/')).toHaveLength(2)
  })

  test('the commit was done, and then the store refuses: the run is published', async () => {
    const store = await open()
    for (const code of ['STORE_DENIED', 'STORE_FULL'] as const) {
      let asked = 0
      const refusing: ObjectStore = {
        ...store,
        async put(key, body, condition) {
          if (key !== STATE_KEY || asked > 0) return store.put(key, body, condition)
          asked += 1
          await store.put(key, body, condition)
          throw new DwhError(code, 'refused', { context: { uncertain: true } })
        },
      }
      expect(await run(refusing, code, { a: code })).toMatchObject({ state: { run_id: code } })
      expect(await answers(store, (await readState(store)).state)).toEqual({ a: code })
    }
  })

  test('the commit was done, and another run has finished it and committed since: the run is published', async () => {
    const store = await open()
    const overtaken: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        const info = await store.put(key, body, condition)
        if (key !== STATE_KEY) return info
        await run(store, 'r2', { b: 'B2' }, { date: '2026-02-19' })
        throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
      },
    }
    expect(await run(overtaken, 'r1', { a: 'A1' })).toMatchObject({ unfinished: null, state: { publishing: null } })
    expect((await readState(store)).state.run_id).toBe('r2')
  })

  test('staged objects of a run that etl.json names: stay', async () => {
    const store = await open()
    await run(store, 'r1', { a: 'A1' })
    await store.put('_dwh/stage/r1/left', new Uint8Array())
    await store.put('_dwh/stage/r0/left', new Uint8Array())
    await abandonRun(store, 'r1')
    await abandonRun(store, 'r0')
    expect(await keys(store, '_dwh/stage/')).toEqual(['_dwh/stage/r1/left'])
  })

  test('a store that refuses: not asked again', async () => {
    const store = await open()
    let asked = 0
    const refusing: ObjectStore = {
      ...store,
      async put(key, body, condition) {
        if (key !== STATE_KEY) return store.put(key, body, condition)
        asked += 1
        throw new DwhError('STORE_DENIED', 'read-only')
      },
    }
    await expect(run(refusing, 'r1', { a: 'A1' })).rejects.toMatchObject({ code: 'STORE_DENIED' })
    expect(asked).toBe(1)
  })
})

test('plain files: other programs read the published state and tables', async () => {
  const path = await temporaryFolder()
  const store = localStore({ path })
  await run(store, 'r1', { a: 'A1' })
  expect(JSON.parse(await readFile(join(path, 'etl.json'), 'utf8'))).toMatchObject({ run_id: 'r1', publishing: null })
  expect(JSON.parse(await readFile(join(path, manifestKey('2026-02-18')), 'utf8'))).toMatchObject({ run_id: 'r1' })
  expect(await readFile(join(path, 'a/2026/02/18.parquet'), 'utf8')).toBe('A1')
})
