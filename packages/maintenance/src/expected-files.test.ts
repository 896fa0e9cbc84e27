import type { DayManifest, OlderState, TableEntry } from '@dwh/core'
import { EMPTY_STATE } from '@dwh/metadata'
import { expect, test } from 'vitest'
import { expectedFiles } from './expected-files.ts'
import type { WarehouseView } from './read-warehouse.ts'

const entry = (key: string) => ({ files: [{ key, sha256: '0'.repeat(64) }] }) as unknown as TableEntry
const manifest = (key: string) => ({ tables: { a: entry(key) } }) as unknown as DayManifest

test('expectedFiles: the files of each day and of the current tables, not of a day that version 3 is pruning', () => {
  const state = { ...EMPTY_STATE, tables: { b: entry('b/3') } }
  const manifests = new Map([
    ['2026-02-17', manifest('a/1')],
    ['2026-02-18', manifest('a/2')],
  ])
  const keys = (pruned: OlderState['pruned']) => {
    const older = { publishing: null, retained: [], pruned }
    const view = { state: { ...state, older }, manifests } as unknown as WarehouseView
    return [...expectedFiles(view).values()].map(({ file }) => file.key)
  }
  expect(keys([])).toEqual(['a/1', 'a/2', 'b/3'])
  expect(keys([{ date: '2026-02-17', until: '2026-02-19T00:00:00.000Z', keys: ['a/1'] }])).toEqual(['a/2', 'b/3'])
})
