import { DAYS_PREFIX, DwhError, INDEX_PREFIX, type ObjectStore, STATE_KEY } from '@dwh/core'
import { publishRun, readBase, readState, takeLease, whileHeld } from '@dwh/metadata'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { failureOfRun, noteFailure } from './note-failure.ts'

const NOW = new Date('2026-02-18T03:00:00Z')

test('answer to the commit lost, then the lease: what it stored stays, since the commit may still arrive', async () => {
  const store = localStore({ path: await temporaryFolder() })
  let now = NOW
  const lease = await takeLease(store, { owner: 'r1', clock: () => now, ttlMs: 60_000 })
  let arrive: (() => Promise<unknown>) | undefined
  const slow: ObjectStore = {
    ...store,
    async put(key, ...rest) {
      if (key !== STATE_KEY) return store.put(key, ...rest)
      arrive = () => store.put(key, ...rest)
      now = new Date(NOW.getTime() + 60_000)
      throw new DwhError('STORE_UNREACHABLE', 'socket hang up')
    },
  }
  const publication = { runId: 'r1', date: '2026-02-18', tables: {}, failed: {}, dropped: [], sources: {} }
  const cause = await publishRun(whileHeld(slow, lease), await readState(store), {
    ...publication,
    startedAt: NOW,
    now: NOW,
    clock: () => now,
  }).catch((error) => error)
  const error = failureOfRun(cause, 'r1', { lease: lease.signal })
  expect(lease.signal.aborted).toBe(true)
  expect(error).toMatchObject({ code: 'STORE_FAILED', context: { uncertain: true } })
  const times = { started_at: NOW.toISOString(), finished_at: NOW.toISOString(), duration_ms: 0 }
  const record = { version: 4, run_id: 'r1', status: 'failed', date: '2026-02-18', ...times, tables: {} } as const
  await noteFailure({ ...store, put: async () => Promise.reject(error) }, { ...record, error: null }, error)
  await arrive?.()
  expect((await readState(store)).state.run_id).toBe('r1')
  const stored: string[] = []
  for (const prefix of [DAYS_PREFIX, INDEX_PREFIX]) for await (const { key } of store.list(prefix)) stored.push(key)
  expect(stored).toEqual(['_dwh/days/2026/02/18-r1.json', '_dwh/index/2026-02-r1.json'])
})

test.each([
  [
    'another run that committed first: only a record',
    new DwhError('CONFLICT', 'another run committed first'),
    { records: 1, noted: false },
  ],
  ['a wrong setting: nothing is recorded', new DwhError('CONFIG_INVALID', 'no'), { records: 0, noted: false }],
  [
    'a failed table: a record, and last_failure',
    new DwhError('RUN_FAILED', 'a: no', { hint: 'Do it.' }),
    { records: 1, noted: true },
  ],
])('failure is %s', async (_, error, { records, noted }) => {
  const store = localStore({ path: await temporaryFolder() })
  await readBase(store, () => 'r0')
  const times = { started_at: NOW.toISOString(), finished_at: NOW.toISOString(), duration_ms: 0 }
  const failed = { status: 'failed', code: error.code, message: error.message, hint: null } as const
  const record = { version: 4, run_id: 'r1', status: 'failed', date: '2026-02-18', ...times, error: null } as const
  await noteFailure(store, { ...record, tables: { a: failed, b: { status: 'not read' } } }, error)
  const keys: string[] = []
  for await (const { key } of store.list('_dwh/runs/')) keys.push(key)
  expect(keys).toHaveLength(records)
  const { state } = await readState(store)
  expect(state.last_failure).toEqual(
    noted
      ? { run_id: 'r1', at: NOW.toISOString(), code: 'RUN_FAILED', message: 'a: no', hint: 'Do it.', tables: ['a'] }
      : null,
  )
})

test('lease lost: reported as the reason of the failure', () => {
  const over = new DwhError('CONFLICT', 'its lease has run out')
  expect(failureOfRun(new Error('stopped'), 'r1', { lease: AbortSignal.abort(over) })).toBe(over)
  expect(failureOfRun(new Error('stopped'), 'r1', {})).toMatchObject({
    code: 'RUN_FAILED',
    message: 'run r1: stopped',
  })
})

test('storage silent: reported as the reason of the abort', () => {
  const silent = AbortSignal.abort(new DwhError('STORE_UNREACHABLE', 'silent'))
  expect(failureOfRun(new DwhError('ABORTED', 'a: stopped'), 'r1', { silent })).toBe(silent.reason)
  expect(failureOfRun(new DwhError('SOURCE_FAILED', 'a'), 'r1', { silent }).code).toBe('SOURCE_FAILED')
})
