import { expect, test } from 'vitest'
import { parseState, toState } from './detection-state.ts'

const HASH = '0'.repeat(64)
const STATE = toState(
  {
    server: {
      system_identifier: null,
      database: 5,
      standby: false,
      timeline: '00000001',
      started: '2026-02-18',
      recovered: '2026-02-17',
    },
    snapshot: { xmin: '4294967300', xmax: '4294967301', position: '0/1B92000' },
  },
  { structure: HASH, storage: HASH, reading: HASH },
)

test('parseState: as it was stored', () => {
  expect(parseState(JSON.parse(JSON.stringify(STATE)))).toEqual(STATE)
})

test('parseState: with a field of a later version, kept', () => {
  expect(parseState({ ...STATE, summaries: true })).toEqual({ ...STATE, summaries: true })
})

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'text'],
  ['a list', []],
  ['another version', { ...STATE, version: 2 }],
  ['another kind of source', { ...STATE, kind: 'mysql' }],
  ['a hash that is none', { ...STATE, storage: 'x' }],
  ['no server', { ...STATE, server: null }],
  ['no recovery', { ...STATE, server: { ...STATE.server, recovered: null } }],
  ['no database', { ...STATE, server: { ...STATE.server, database: '5' } }],
  ['a negative transaction id', { ...STATE, snapshot: { ...STATE.snapshot, xmin: '-1' } }],
  ['a transaction id with SQL', { ...STATE, snapshot: { ...STATE.snapshot, xmax: `1'` } }],
  ['a position that is none', { ...STATE, snapshot: { ...STATE.snapshot, position: 'z' } }],
])('parseState: %s, null', (_, stored) => {
  expect(parseState(stored)).toBeNull()
})
