import { type EtlState, type MonthIndex, STATE_KEY } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import {
  parseMonthIndex,
  parseState,
  readBase,
  readRunRecords,
  readState,
  recordFailure,
  writeRunRecord,
} from './index.ts'
import { serialise } from './parse-state.ts'

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

async function emptyState(): Promise<EtlState> {
  return (await readState(localStore({ path: await temporaryFolder() }))).state
}

const table = {
  source: { name: 'default', schema: 'public', table: 'a' },
  run_id: 'r1',
  date: '2026-02-18',
  mode: 'snapshot',
  snapshot: { id: null, position: null, taken_at: 'x' },
  files: [{ key: 'a/2026/02/18.parquet', rows: 1, bytes: 1, sha256: 'a'.repeat(64) }],
  columns: [{ name: 'id', type: 'INTEGER', nullable: false, source_type: 'integer' }],
  proof: { level: 'counts', rows: 1 },
  schema_hash: 'x',
  primary_key: ['id'],
  watermark: null,
  lossy_conversions: {},
}

describe('etl.json', () => {
  test('before the first good run: an empty state', async () => {
    expect(await emptyState()).toMatchObject({
      version: 4,
      status: 'none',
      last_run_at: null,
      tables: {},
      run_id: null,
    })
  })

  test('hostile table names: keys like any other', async () => {
    const names = ['"__proto__"', '"constructor"', '"a.b"', '🦆', '../../etc/x', 'x\ny']
    const state = { ...(await emptyState()), tables: Object.fromEntries(names.map((name) => [name, table])) }
    expect(Object.keys(parseState(serialise(state as unknown as EtlState)).tables)).toEqual(names)
  })

  test.each([
    ['not json', 'is not JSON'],
    ['', 'is not JSON'],
    ['null', 'the file'],
    ['[]', 'version'],
    [{ version: 5, tables: {} }, 'version 5'],
    [{ version: 4, tables: {} }, 'checksum'],
    [{ version: 3, tables: {} }, 'checksum'],
    [{ version: 2, tables: {} }, 'checksum'],
    [{ version: 1 }, 'last_run_at'],
    [{ version: 1, last_run_at: null, kept: [null] }, 'status'],
    [{ version: 1, tables: { a: { columns: [null], fidelity: null } } }, 'last_run_at'],
  ])('text %j: refused', (content, message) => {
    expect(() => parseState(bytes(content))).toThrowError(
      expect.objectContaining({ code: 'STATE_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test.each([
    ['files.0.sha256', { ...table, files: [{ ...table.files[0], sha256: 'x' }] }],
    ['files.0.rows', { ...table, files: [{ ...table.files[0], rows: -1 }] }],
    ['files.0.key', { ...table, files: [{ rows: 1, bytes: 1, sha256: 'a'.repeat(64) }] }],
    ['date', { ...table, date: 'today' }],
    ['mode', { ...table, mode: 'magic' }],
    ['columns', { ...table, columns: null }],
  ])('wrong %s: the error names it', async (path, wrong) => {
    const state = { ...(await emptyState()), tables: { a: wrong } }
    expect(() => parseState(serialise(state as unknown as EtlState))).toThrowError(`etl.json: tables.a.${path}: `)
  })

  test('a written file: read back; with any one bit flipped, refused', async () => {
    const state = { ...(await emptyState()), tables: { a: table } } as unknown as EtlState
    const whole = serialise(state)
    expect(parseState(whole)).toEqual(state)
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const turned = Uint8Array.from(whole)
      turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => parseState(turned), `bit ${bit}`).toThrowError(expect.objectContaining({ code: 'STATE_INVALID' }))
    }
    for (let length = 0; length < whole.length; length += 1)
      expect(() => parseState(whole.subarray(0, length))).toThrowError()
  })

  test('version 1, which had no checksum: read, and converted to the current version', async () => {
    const { months, copies_pending, retired, ...rest } = await emptyState()
    const state = { ...rest, tables: { a: table } }
    const older = { publishing: null, retained: [], pruned: [] }
    expect(parseState(bytes({ ...state, version: 1, publishing: null, kept: [] }))).toEqual({
      ...state,
      version: 4,
      months,
      copies_pending,
      retired,
      older,
    })
  })

  test('version 2, whose fields had other names: read, and converted to the current names', async () => {
    const { fencing_token: _, months: __, copies_pending: ___, retired: ____, ...rest } = await emptyState()
    const { lossy_conversions: _____, ...others } = table
    const measures = { i: { values: '1' }, ['__proto__']: { values: '2' } }
    const old = {
      ...others,
      snapshot: { id: null, lsn: '0/1', taken_at: 'x' },
      columns: [{ name: 'n', type: 'DOUBLE', nullable: true, source_type: null, stored_as: 'or-null' }],
      proof: { level: 'deep', rows: 1, columns: measures, hash: 'h' },
      fidelity: { n: { choice: 'or-null', values: 2 }, constructor: { choice: 'double', values: 1 } },
    }
    const kept = { key: 'a', sha256: 'a'.repeat(64), kept: '_dwh/kept/r/a', until: 'x' }
    const state = { ...rest, version: 2, epoch: 7, publishing: null, kept: [kept], tables: { a: old } }
    const { older, fencing_token, tables } = parseState(serialise(state as unknown as EtlState))
    expect([fencing_token, older?.retained]).toEqual([
      7,
      [{ key: 'a', sha256: 'a'.repeat(64), retained_as: '_dwh/kept/r/a', until: 'x' }],
    ])
    expect(tables.a).toEqual({
      ...others,
      snapshot: { id: null, position: '0/1', taken_at: 'x' },
      columns: [{ name: 'n', type: 'DOUBLE', nullable: true, source_type: null, stored_as: 'nullify' }],
      proof: { level: 'hash', rows: 1, columns: measures, hash: 'h' },
      lossy_conversions: { n: { choice: 'nullify', values: 2 }, constructor: { choice: 'double', values: 1 } },
    })
  })

  test('a newer version: an error that asks for an upgrade', async () => {
    const store = localStore({ path: await temporaryFolder() })
    await store.put(STATE_KEY, bytes({ version: 7 }))
    await expect(readState(store)).rejects.toMatchObject({
      code: 'STATE_INVALID',
      hint: expect.stringContaining('Upgrade'),
    })
  })
})

test('a failed run: only its failure is recorded; many at once record one each in turn', async () => {
  const store = localStore({ path: await temporaryFolder() })
  const base = await readBase(store, () => 'r')
  const failure = (i: number) => ({
    run_id: `r${i}`,
    at: 'x',
    code: 'RUN_FAILED',
    message: 'm',
    hint: null,
    tables: ['a'],
  })
  await Promise.all(Array.from({ length: 10 }, (_, i) => recordFailure(store, failure(i))))
  const { state } = await readState(store)
  expect(state.last_failure?.run_id).toMatch(/^r\d$/)
  expect({ ...state, last_failure: null }).toEqual(base.state)
})

test('a failed run, etl.json is missing: not made, since it would say that the warehouse is empty', async () => {
  const store = localStore({ path: await temporaryFolder() })
  await recordFailure(store, { run_id: 'r', at: 'x', code: 'RUN_FAILED', message: 'm', hint: null, tables: [] })
  expect(await store.head(STATE_KEY)).toBeNull()
})

describe('the index of a month', () => {
  const ref = { key: '_dwh/days/2026/02/18-r.json', bytes: 1, sha256: 'a'.repeat(64) }
  const index: MonthIndex = {
    version: 4,
    month: '2026-02',
    run_id: 'r',
    fencing_token: 3,
    days: { '2026-02-18': { manifest: ref, tables: { ['__proto__']: [0], constructor: [0, 0] } } },
    files: [{ key: 'k', rows: 1, bytes: 2, sha256: 'b'.repeat(64) }],
    root: { others: { '2026-01': ref }, current: { a: '2026-02-18' }, sources: {} },
  }

  test('written, and read back: the same, in one line', () => {
    const body = serialise(index)
    expect(Buffer.from(body).toString().trimEnd()).not.toContain('\n')
    expect(parseMonthIndex('k', body)).toEqual(index)
    expect(() => parseMonthIndex('k', body.subarray(1))).toThrowError('k: is not JSON')
  })

  test.each([
    ['month', { month: '2026' }],
    ['days.2026-02-18.manifest.sha256', { days: { '2026-02-18': { manifest: { ...ref, sha256: '' }, tables: {} } } }],
    ['root.current.a', { root: { ...index.root, current: { a: 'today' } } }],
  ])('wrong %s: the error names it', (path, wrong) => {
    expect(() => parseMonthIndex('k', serialise({ ...index, ...wrong } as MonthIndex))).toThrowError(`k: ${path}: `)
  })
})

test('run records: newest first, as many as asked for', async () => {
  const store = localStore({ path: await temporaryFolder() })
  for (let day = 10; day < 20; day += 1) {
    await writeRunRecord(store, {
      version: 4,
      run_id: `202602${day}T000000Z-0000`,
      status: day % 2 ? 'failed' : 'success',
      date: `2026-02-${day}`,
      started_at: 'x',
      finished_at: 'y',
      duration_ms: 1,
      tables: { a: { status: 'written', rows: 1, bytes: 2, duration_ms: 3 }, b: { status: 'not read' } },
      error: null,
    })
  }
  expect((await readRunRecords(store, 3)).map((record) => record.date)).toEqual([
    '2026-02-19',
    '2026-02-18',
    '2026-02-17',
  ])
  expect(await readRunRecords(localStore({ path: await temporaryFolder() }))).toEqual([])
})
