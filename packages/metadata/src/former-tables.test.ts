import type { TableEntry } from '@dwh/core'
import { expect, test } from 'vitest'
import { EMPTY_STATE, nextState, type Publication, parseState, serialise } from './index.ts'

const NOW = new Date('2026-02-18T03:00:12Z')
const LISTS = { months: {}, pending: [], retired: { run_id: 'r', until: null, days: [], keys: [] } }

/** Publishes these tables; those of `dropped` leave. */
function publication(tables: readonly string[], dropped: readonly string[] = []): Publication {
  const entries = tables.map((name) => [
    name,
    { date: '2026-02-18', files: [], columns: [], run_id: 'r' } as unknown as TableEntry,
  ])
  const none = { failed: {}, sources: {} }
  return {
    ...none,
    runId: 'r',
    date: '2026-02-18',
    tables: Object.fromEntries(entries),
    dropped,
    startedAt: NOW,
    now: NOW,
  }
}

test('former tables: a table that leaves is named until it is current again', () => {
  const first = nextState(EMPTY_STATE, publication(['a', 'b', 'constructor']), LISTS)
  expect(first).not.toHaveProperty('former_tables')
  const second = nextState(first, publication(['a'], ['b', 'constructor']), LISTS)
  expect(second.former_tables).toEqual(['b', 'constructor'])
  // also by a run that reads some tables only
  const third = nextState(second, publication(['a', 'c']), LISTS)
  expect(third.former_tables).toEqual(['b', 'constructor'])
  expect(nextState(third, publication(['b', 'constructor']), LISTS).former_tables).toEqual([])
})

test('former tables: kept in etl.json', () => {
  const state = { ...EMPTY_STATE, former_tables: ['b'] }
  expect(parseState(serialise(state))).toEqual(state)
})
