import { DwhError, type TableEntry } from '@dwh/core'
import { EMPTY_STATE } from '@dwh/metadata'
import { expect, test } from 'vitest'
import { type CheckResultsOptions, checkResults } from './check-results.ts'
import type { TableResult } from './execute-plan.ts'
import type { RunPlan } from './plan-run.ts'

const failed = (name: string, hint = 'Run again.'): TableResult => ({
  status: 'failed',
  name,
  error: new DwhError('SOURCE_FAILED', `${name}: cut`, { hint }),
})
const written = (name: string) => ({ status: 'written', name }) as TableResult

/** Returns options for a run of the database `app`, while table `a` of the database `before` is current. */
function options(more: Partial<CheckResultsOptions> = {}, before = 'app'): CheckResultsOptions {
  return {
    onTableError: 'keep-previous',
    plan: { tables: ['a', 'b'].map((name) => ({ name, source: 'default' })) } as unknown as RunPlan,
    state: {
      ...EMPTY_STATE,
      tables: { a: {} as TableEntry },
      sources: { default: { kind: 'postgres', database: before } },
    },
    sources: { default: { kind: 'postgres', database: 'app' } },
    ...more,
  }
}

test('every table read: published', () => {
  checkResults([written('a'), written('b')], options({ onTableError: 'fail' }))
})

test('one table failed: nothing is published, unless on_table_error is keep-previous', () => {
  const results = [failed('a'), written('b')]
  expect(() => checkResults(results, options({ onTableError: 'fail' }))).toThrowError(
    expect.objectContaining({ code: 'RUN_FAILED', message: 'a: cut', hint: 'Run again.', context: { tables: ['a'] } }),
  )
  checkResults(results, options())
})

test('every table failed: nothing is published with any on_table_error', () => {
  expect(() => checkResults([failed('a'), failed('b')], options())).toThrowError(
    expect.objectContaining({ code: 'RUN_FAILED', message: 'a: cut, and 1 more', context: { tables: ['a', 'b'] } }),
  )
})

test('previous version from another database: nothing is published', () => {
  expect(() => checkResults([failed('a'), written('b')], options({}, 'other'))).toThrowError(
    expect.objectContaining({
      code: 'RUN_FAILED',
      hint: expect.stringContaining('the previous version of a is from another database'),
    }),
  )
  // a new table has no previous version
  checkResults([written('a'), failed('b')], options({}, 'other'))
})

test.each([
  [['Set a.', 'Set b.', 'Set a.'], 'Set a.\nSet b.'],
  [['1', '2', '3', '4', '5', '6', '7'], '1\n2\n3\n4\n5\nAnd 2 more: dwh history --json.'],
])('several tables failed, with the hints %j: the error has the first five, each once', (hints, hint) => {
  const results = hints.map((each, i) => failed(`t${i}`, each))
  expect(() => checkResults(results, options({ onTableError: 'fail' }))).toThrowError(expect.objectContaining({ hint }))
})
