import type { EtlState } from '@dwh/core'
import { expect, test } from 'vitest'
import { EMPTY_STATE, nextState, type Publication, parseState, serialise } from './index.ts'
import { entry, TODAY } from './test-support.ts'

const NOW = new Date('2026-02-18T03:00:12Z')
const LISTS = { months: {}, pending: [], retired: { run_id: 'r', until: null, days: [], keys: [] } }

/** Returns the state after a run that publishes these tables. */
function published(
  base: EtlState,
  runId: string,
  tables: readonly string[],
  given: Partial<Publication> = {},
): EtlState {
  const date = given.date ?? TODAY
  const entries = tables.map((name) => [name, entry(runId, date, name, 'rows')])
  const publication = {
    runId,
    date,
    tables: Object.fromEntries(entries),
    failed: {},
    dropped: [],
    sources: {},
    startedAt: new Date(NOW.getTime() - 12_000),
    now: NOW,
  }
  return nextState(base, { ...publication, ...given }, LISTS)
}

test('last run of all tables: a run of some tables leaves it as it is', () => {
  const some = published(EMPTY_STATE, 'some', ['a'])
  expect(some).toMatchObject({ run_id: 'some', last_run_of_all: null })
  const all = published(some, 'all', ['a', 'constructor'], { ofAll: true })
  const expected = { run_id: 'all', at: '2026-02-18T03:00:12.000Z', duration_ms: 12_000 }
  expect(all.last_run_of_all).toEqual(expected)
  const every = published(all, 'every', ['a', 'constructor'])
  expect(every).toMatchObject({ run_id: 'every', last_run_of_all: expected })
  expect(parseState(serialise(every))).toEqual(every)
})

test('last run of all tables: also without the tables that failed', () => {
  const failed = { a: { code: 'SOURCE_FAILED', message: 'why', hint: null } }
  const partial = published(EMPTY_STATE, 'all', ['b'], { ofAll: true, failed })
  expect(partial.last_run_of_all).toMatchObject({ run_id: 'all' })
})

test('last run of all tables: not one for an earlier day that leaves a newer table as it is', () => {
  const all = published(EMPTY_STATE, 'all', ['a', 'b'], { ofAll: true })
  const earlier = published(all, 'earlier', ['a', 'b'], { ofAll: true, date: '2026-02-17' })
  expect(earlier).toMatchObject({ run_id: 'earlier', last_run_of_all: { run_id: 'all' } })
})

test('last run of all tables: not known in a state of before, until there is one', () => {
  const { last_run_of_all: _, ...before } = EMPTY_STATE
  const some = published(before, 'some', ['a'])
  expect(some).not.toHaveProperty('last_run_of_all')
  expect(parseState(serialise(some))).toEqual(some)
  expect(published(some, 'all', ['a'], { ofAll: true }).last_run_of_all).toMatchObject({ run_id: 'all' })
})
