import type { TableEntry } from '@dwh/core'
import { expect, test } from 'vitest'
import { EMPTY_STATE, nextState, type Publication, parseState, serialise } from './index.ts'

const NOW = new Date('2026-02-18T03:00:12Z')

/** Publishes these tables; those of `dropped` leave. */
function publication(tables: readonly string[], dropped: readonly string[] = []): Publication {
  const entries = tables.map((name) => [name, { date: '2026-02-18', files: [], run_id: 'r' } as unknown as TableEntry])
  const none = { failed: {}, sources: {}, previous: null }
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
  const first = nextState(EMPTY_STATE, publication(['a', 'b', 'constructor']), [])
  expect(first).not.toHaveProperty('former_tables')
  const second = nextState(first, publication(['a'], ['b', 'constructor']), [])
  expect(second.former_tables).toEqual(['b', 'constructor'])
  // also by a run that reads some tables only
  const third = nextState(second, publication(['a', 'c']), [])
  expect(third.former_tables).toEqual(['b', 'constructor'])
  expect(nextState(third, publication(['b', 'constructor']), []).former_tables).toEqual([])
})

test('former tables: kept in etl.json', () => {
  const state = { ...EMPTY_STATE, former_tables: ['b'] }
  expect(parseState(serialise(state))).toEqual(state)
})
