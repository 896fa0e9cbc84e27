import type { EtlState, SelectionSettings, SourceColumn, TableSchema } from '@dwh/core'
import { describe, expect, test } from 'vitest'
import { type PlanInput, planRun } from './plan-run.ts'

const EMPTY: EtlState = {
  version: 4,
  last_run_at: null,
  status: 'none',
  duration_ms: null,
  counts: {},
  run_id: null,
  sources: {},
  fencing_token: 0,
  months: {},
  copies_pending: [],
  retired: [],
  tables: {},
  column_ids: {},
  failed_tables: {},
  last_failure: null,
  conditional_writes: true,
}

function table(name: string, more: Partial<TableSchema> = {}): TableSchema {
  const [first, second] = name.split('.')
  const names =
    second === undefined ? { schema: 'public', name: first as string } : { schema: first as string, name: second }
  return { ...names, columns: columns('id', 'email'), primaryKey: ['id'], ...more }
}

function columns(...names: string[]): SourceColumn[] {
  return names.map((name) => ({ name, type: 'INTEGER', nullable: false, sourceType: 'integer' }))
}

interface Input extends Partial<Omit<PlanInput, 'sources'>> {
  tables?: TableSchema[]
  settings?: SelectionSettings
  typeNames?: string[][]
}

function plan({ tables = [], settings = {}, typeNames, ...more }: Input = {}) {
  const sources = { default: { identity: { kind: 'postgres', database: 'app' }, tables, settings, typeNames } }
  return planRun({
    date: '2026-02-18',
    today: '2026-02-18',
    only: null,
    replace: false,
    acceptNewSource: false,
    state: EMPTY,
    manifest: null,
    sources,
    ...more,
  })
}

function names(input: Input): string[] {
  return plan(input).tables.map((t) => t.name)
}

function refusal(input: Input): { code: string; message: string; hint: string } {
  try {
    plan(input)
  } catch (error) {
    return error as { code: string; message: string; hint: string }
  }
  throw new Error('it was not refused')
}

const three = [table('customers'), table('orders'), table('billing.invoices')]
const view = table('looking', { kind: 'view', onlyWhenNamed: 'a view' })

describe('selection of tables', () => {
  test('default: all tables in order; views and the like are skipped with a reason', () => {
    const result = plan({ tables: [...three, view, table('bare', { columns: [] })] })
    expect(result.tables.map((t) => [t.name, t.key])).toEqual([
      ['billing.invoices', 'billing.invoices/2026/02/18.parquet'],
      ['customers', 'customers/2026/02/18.parquet'],
      ['orders', 'orders/2026/02/18.parquet'],
    ])
    expect(result.skipped).toEqual([
      { table: 'bare', reason: 'it has no columns' },
      { table: 'looking', reason: 'a view: read only if included by name' },
    ])
  })

  test.each<[SelectionSettings, string[]]>([
    [{ include: ['billing.*'] }, ['billing.invoices']],
    [{ exclude: ['*.invoices', 'cust*'] }, ['orders']],
    [{ include: ['*', 'looking'] }, ['billing.invoices', 'customers', 'looking', 'orders']],
    [{ tables: { looking: {} } }, ['billing.invoices', 'customers', 'looking', 'orders']],
    [{ tables: { 'public.orders': { exclude: true } } }, ['billing.invoices', 'customers']],
    [{ include: ['look*', 'orders'] }, ['orders']],
    [{ exclude: ['tmp_*'] }, ['billing.invoices', 'customers', 'orders']],
  ])('%j reads %j', (settings, expected) => expect(names({ tables: [...three, view], settings })).toEqual(expected))

  test('--tables: only matching tables', () => {
    expect(names({ tables: three, only: ['o*'] })).toEqual(['orders'])
    expect(refusal({ tables: three, only: ['order'] })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: '--tables order: the source has no such table',
      hint: expect.stringContaining('Did you mean "orders"?'),
    })
    expect(refusal({ tables: three, settings: { exclude: ['orders'] }, only: ['orders'] }).code).toBe('CONFIG_INVALID')
  })

  test.each<[SelectionSettings, string]>([
    [{ tables: { custmers: {} } }, 'tables: "custmers"'],
    [{ include: ['custmers'] }, 'include: "custmers"'],
    [{ exclude: ['custmers'] }, 'exclude: "custmers"'],
  ])('%j: unknown name, the error suggests the nearest', (settings, message) => {
    const error = refusal({ tables: three, settings })
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) })
    expect(error.hint).toContain('Did you mean "customers"?')
  })

  test('no table, or none selected: an error', () => {
    expect(refusal({})).toMatchObject({ code: 'SOURCE_DENIED', message: expect.stringContaining('no tables') })
    expect(refusal({ tables: three, settings: { exclude: ['*'] } })).toMatchObject({
      message: expect.stringContaining('orders (excluded by "*")'),
    })
  })

  test('table or column that may not be read: an error, unless it is left out', () => {
    const denied = { reason: 'no SELECT privilege', hint: 'GRANT SELECT ON closed TO reader; or exclude closed.' }
    const tables = [
      ...three,
      table('closed', { denied }),
      table('half', { columns: [...columns('id'), { ...columns('pin')[0]!, denied: { reason: 'no', hint: 'no' } }] }),
    ]
    expect(refusal({ tables })).toMatchObject({
      code: 'SOURCE_DENIED',
      message: 'closed: no SELECT privilege; half: column pin: no',
      hint: expect.stringContaining('GRANT SELECT ON closed TO reader'),
    })
    const settings = { exclude: ['closed'], tables: { half: { columns: { exclude: ['pin'] } } } }
    expect(names({ tables, settings })).toEqual(['billing.invoices', 'customers', 'half', 'orders'])
  })
})

describe('--tables: errors of other tables are ignored', () => {
  const denied = { reason: 'no SELECT privilege', hint: 'GRANT SELECT ON q TO reader;' }
  const asked: Input = { tables: [table('p'), table('q')], only: ['p'] }

  test.each<[string, Input]>([
    ['the role may not read it', { tables: [table('p'), table('q', { denied })] }],
    [
      'the role may not read one of its columns',
      { tables: [table('p'), table('q', { columns: [{ ...columns('pin')[0]!, denied }] })] },
    ],
    ['an excluded column that does not exist', { settings: { tables: { q: { columns: { exclude: ['gone'] } } } } }],
    ['settings for a table that does not exist', { settings: { tables: { archive: { where: 'true' } } } }],
    [
      'include and exclude of tables that do not exist',
      { settings: { include: ['p', 'archive'], exclude: ['scratch'] } },
    ],
    ['all its columns are excluded', { settings: { tables: { q: { columns: { exclude: ['id', 'email'] } } } } }],
    [
      'a type of it that cannot be stored as configured',
      { settings: { tables: { q: { columns: { types: { id: 'iso8601' } } } } } },
    ],
    ['two other tables with the same name', { tables: [table('p'), table('q'), table('Q')] }],
    ['two of its columns with the same name', { tables: [table('p'), table('q', { columns: columns('a', 'A') })] }],
    ['a schema that DuckDB reserves', { tables: [table('p'), table('pg_catalog.q')] }],
  ])('%s', (_, input) => {
    expect(plan({ ...asked, ...input }).tables.map(({ name }) => name)).toEqual(['p'])
    expect(() => plan({ ...asked, ...input, only: null })).toThrow()
  })

  test('error of the requested table: refused', () => {
    expect(refusal({ tables: [table('p', { denied }), table('q')], only: ['p'] }).code).toBe('SOURCE_DENIED')
    expect(refusal({ tables: [table('p'), table('P')], only: ['p'] }).code).toBe('NAME_CONFLICT')
    const settings = { tables: { p: { columns: { exclude: ['gone'] } } } }
    expect(refusal({ ...asked, settings }).message).toContain('no column "gone"')
  })

  test('misspelled settings of the requested table: refused, since it would be read without them', () => {
    const settings = { tables: { custmers: { columns: { exclude: ['email'] } } } }
    expect(refusal({ tables: three, settings, only: ['customers'] }).hint).toContain('Did you mean "customers"?')
    expect(names({ tables: three, settings, only: ['orders'] })).toEqual(['orders'])
    const years = { tables: { orders_2024: { where: 'true' } } }
    expect(names({ tables: [table('orders_2025')], settings: years, only: ['orders_2025'] })).toEqual(['orders_2025'])
  })

  test('requested table that the configuration leaves out: the error has the reason', () => {
    expect(refusal({ tables: [...three, view], only: ['looking'] })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: '--tables looking: not read: looking: a view: read only if included by name',
    })
  })
})

describe('notes about tables', () => {
  const keys = (name: string, ...to: string[]) =>
    table(name, { references: to.map((other) => ({ schema: table(other).schema, name: table(other).name })) })

  test('foreign keys to tables that are read at another time: one note, and what to add', () => {
    const tables = [keys('orders', 'customers', 's.gone'), keys('s.items', 'orders', 's.b*d'), table('customers')]
    const all = { tables: [...tables, table('s.b*d'), table('s.gone')], settings: { exclude: ['s.gone'] } }
    expect(plan(all).notes).toEqual([])
    expect(plan({ ...all, only: ['orders', 'customers'] }).notes).toEqual([])
    expect(plan({ ...all, only: ['orders'] }).notes).toEqual([
      {
        id: 'foreign_keys',
        tables: ['orders'],
        found: 'orders refers to customers, which is not read in this run: rows may refer to rows of another instant',
        fix: 'To read all of them at one instant, add to the tables of this run: customers.',
        sql: null,
      },
    ])
    const [both] = plan({ ...all, only: ['orders', 's.items'] }).notes
    expect(both).toMatchObject({
      tables: ['orders', 's.items'],
      found: expect.stringContaining('orders refers to customers; s.items refers to s.b*d, which are not read'),
      fix: expect.stringContaining(': customers, s.b\\*d.'),
    })
  })

  test('foreign keys of many tables: the first ones are named', () => {
    const numbers = Array.from({ length: 9 }, (_, n) => n)
    const others = numbers.map((n) => table(`other_${n}`))
    const tables = [...others, ...numbers.map((n) => keys(`t_${n}`, ...others.map(({ name }) => name)))]
    const [note] = plan({ tables, only: ['t_*'] }).notes
    expect(note?.found).toMatch(/^t_0 refers to other_0, .*, other_4 and 4 more; .*t_4 refers to .* and 4 more, which/)
    expect(note?.fix).toMatch(/other_4 and 4 more\.$/)
    expect(note?.tables).toHaveLength(9)
  })

  const child = (name: string, more: Partial<TableSchema> = {}) => table(`chunks.${name}`, more)
  const parent = (...children: TableSchema[]) => table('metrics', { children })

  test('parent and children by inheritance: one note that they are stored twice, with the exclude', () => {
    const chunks = [1, 2, 3, 4].map((n) => child(`metrics_${n}`))
    const tables = [parent(...chunks), child('other'), ...chunks]
    const { notes } = plan({ tables })
    expect(notes).toEqual([
      {
        id: 'stored_twice',
        tables: ['metrics', 'chunks.metrics_1', 'chunks.metrics_2', 'chunks.metrics_3', 'chunks.metrics_4'],
        found: expect.stringContaining('stored twice'),
        fix: 'To store them once, write in dwh.yaml: exclude: ["chunks.metrics_*"].',
        sql: null,
      },
    ])
    expect(plan({ tables, settings: { exclude: ['chunks.metrics_*'] } }).notes).toEqual([])
    expect(plan({ tables, only: ['metrics'] }).notes).toEqual([])
  })

  test('pattern that would match another table: not proposed; child with own columns: mentioned', () => {
    const chunks = [1, 2, 3]
      .map((n) => child(`m_${n}`))
      .concat(child('m_more', { columns: columns('id', 'email', 'extra') }))
    const [note] = plan({ tables: [parent(...chunks), ...chunks, child('m_else')] }).notes
    expect(note?.fix).toContain('exclude: ["chunks.m_1", "chunks.m_2", "chunks.m_3", "chunks.m_more"]')
    expect(note?.fix).toContain('But chunks.m_more has columns that metrics does not have.')
  })

  test('note shared by two tables, large objects in several columns: one note each', () => {
    const note = { id: 'detach_pending', found: 'p2: cut off', fix: 'End it.', sql: 'ALTER TABLE p;' }
    const files = [{ ...columns('file')[0]!, refersTo: 'large objects' }]
    const { notes } = plan({
      tables: [table('p', { notes: [note] }), table('p2', { notes: [note] }), table('docs', { columns: files })],
    })
    expect(notes).toEqual([
      { ...note, tables: ['p', 'p2'] },
      {
        id: 'large_objects',
        tables: ['docs'],
        found: 'large objects are not read: docs.file contains only their numbers',
        fix: null,
        sql: null,
      },
    ])
  })

  test('table with foreign parts: only rows are counted', () => {
    const [mixed] = plan({ tables: [table('m', { outsideInstant: true })], settings: { verify: 'hash' } }).tables
    expect(mixed?.verify).toBe('counts')
  })
})

describe('names and columns', () => {
  test('renamed and excluded columns, condition: applied', () => {
    const settings = {
      tables: {
        orders: { name: 'sales.orders', where: 'id > 5', columns: { exclude: ['email'], rename: { id: 'order_id' } } },
      },
    }
    const [first] = plan({ tables: [table('orders')], settings }).tables
    expect(first).toMatchObject({
      name: 'sales.orders',
      key: 'sales.orders/2026/02/18.parquet',
      where: 'id > 5',
      primaryKey: ['order_id'],
      table: { schema: 'public', name: 'orders', columns: columns('id') },
      columns: [{ name: 'id', as: 'order_id', type: 'INTEGER' }],
    })
  })

  test('primary key with an excluded column: empty', () => {
    const tables = [table('t', { primaryKey: ['id', 'email'] })]
    expect(
      plan({ tables, settings: { tables: { t: { columns: { exclude: ['email'] } } } } }).tables[0]?.primaryKey,
    ).toEqual([])
  })

  test('unknown column, all columns excluded: refused', () => {
    const settings = (columnSettings: object) => ({ tables: { customers: { columns: columnSettings } } })
    expect(refusal({ tables: three, settings: settings({ exclude: ['emial'] }) })).toMatchObject({
      message: 'tables: customers: no column "emial"',
      hint: 'Did you mean "email"?',
    })
    expect(refusal({ tables: three, settings: settings({ rename: { zzz: 'x' } }) }).hint).toContain('id, email')
    expect(refusal({ tables: three, settings: settings({ exclude: ['id', 'email'] }) }).message).toContain(
      'leaves no column',
    )
    expect(refusal({ tables: three, settings: settings({ rename: { constructor: 'x' } }) }).message).toContain(
      'no column "constructor"',
    )
  })

  test.each([
    [[table('Order'), table('order')], 'Order and order'],
    [[table('caf\u00e9'), table('cafe\u0301')], 'would be one table'],
    [[table('STRASSE'), table('Strasse')], 'would be one table'],
    [[table('main.t'), table('t')], 'main.t and t'],
    [[table('Billing.t'), table('billing.T')], 'Billing.t and billing.T'],
  ])('%#: table names that are the same in a warehouse: refused', (tables, message) => {
    expect(refusal({ tables })).toMatchObject({
      code: 'NAME_CONFLICT',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('name'),
    })
    const renamed = {
      tables: {
        [tables[0]!.schema === 'public' ? tables[0]!.name : `${tables[0]!.schema}.${tables[0]!.name}`]: {
          name: 'other',
        },
      },
    }
    expect(names({ tables, settings: renamed })).toHaveLength(2)
  })

  test('name used twice, or used by a current table: refused', () => {
    expect(refusal({ tables: three, settings: { tables: { orders: { name: 'customers' } } } })).toMatchObject({
      code: 'NAME_CONFLICT',
    })
    const state = stateWith('Orders', '2026-02-17')
    expect(names({ tables: [table('orders')], state })).toEqual(['orders'])
    expect(refusal({ tables: [table('orders')], only: ['orders'], state })).toMatchObject({ code: 'NAME_CONFLICT' })
  })

  const typeNames = [['timestamp with time zone', 'timestamptz'], ['public.mood', 'mood'], ['interval']]
  const moment = {
    type: 'TIMESTAMP WITH TIME ZONE',
    allowedTypes: { text: { type: 'VARCHAR', inferred: false } },
  } as const
  const typed = table('typed', {
    columns: [
      { name: 'at', sourceType: 'timestamp(3) with time zone', ...moment },
      { name: 'mood', sourceType: 'public.mood', ...moment },
      { name: 'all', sourceType: 'timestamp with time zone[]', ...moment },
    ],
    primaryKey: [],
  })

  test.each([
    ['timestamptz', ['text', undefined, undefined]],
    ['Timestamp With Time Zone', ['text', undefined, undefined]],
    ['mood', [undefined, 'text', undefined]],
    ['public.Mood', [undefined, 'text', undefined]],
    ['interval', [undefined, undefined, undefined]],
  ])('types: %s, any name of a type: applied', (name, expected) => {
    const [only] = plan({ tables: [typed], typeNames, settings: { types: { [name]: 'text' } } }).tables
    expect(only?.columns.map(({ storeAs }) => storeAs)).toEqual(expected)
  })

  test('types: unknown name, refused', () => {
    const settings: SelectionSettings = { types: { timestmptz: 'text' } }
    expect(refusal({ tables: [typed], typeNames, settings })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'types: "timestmptz": the source has no such type',
      hint: 'Name a type of the source, without precision, or remove the line. Did you mean "timestamptz"?',
    })
  })

  test('types: one type by two names with different storage, refused', () => {
    const refused: SelectionSettings = { types: { timestamptz: 'text', 'timestamp with time zone': 'iso8601' } }
    expect(refusal({ tables: [typed], typeNames, settings: refused })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /^types: "timestamptz" and "timestamp with time zone" are both .+, but are stored differently$/,
      ),
    })
    const alike: SelectionSettings = { types: { timestamptz: 'text', 'timestamp with time zone': 'text' } }
    expect(plan({ tables: [typed], typeNames, settings: alike }).tables).toHaveLength(1)
  })

  test('types: source that does not list types, matched by their own names', () => {
    const settings: SelectionSettings = { types: { 'timestamp with time zone': 'text', gone: 'text' } }
    const [only] = plan({ tables: [typed], settings }).tables
    expect(only?.columns.map(({ storeAs }) => storeAs)).toEqual(['text', undefined, undefined])
  })

  test('columns that DuckDB would rename: refused', () => {
    expect(refusal({ tables: [table('t', { columns: columns('ID', 'id') })] })).toMatchObject({
      code: 'NAME_CONFLICT',
      message: 't: columns "ID" and "id" differ in case only',
      hint: expect.stringContaining('"id": "id_2"'),
    })
    const settings = { tables: { t: { columns: { rename: { id: 'id_2' } } } } }
    expect(names({ tables: [table('t', { columns: columns('ID', 'id') })], settings })).toEqual(['t'])
    expect(names({ tables: [table('t', { columns: columns('É', 'é') })] })).toEqual(['t'])
  })

  test('another database: refused without --accept-new-source', () => {
    const state = { ...stateWith('gone', '2026-02-17'), sources: { default: { kind: 'postgres', database: 'old' } } }
    expect(refusal({ tables: [table('t')], state })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('database old, now app'),
      hint: expect.stringContaining('--accept-new-source'),
    })
    expect(plan({ tables: [table('t')], state, acceptNewSource: true }).dropped).toEqual(['gone'])
    expect(refusal({ tables: [table('gone')], state })).toMatchObject({ code: 'CONFIG_INVALID' })
    const unknown = { ...state, sources: { default: { kind: 'postgres', database: null } } }
    expect(plan({ tables: [table('t')], state: unknown }).dropped).toEqual(['gone'])
  })

  test('schema that DuckDB reserves: refused', () => {
    const settings = { tables: { t: { name: 'pg_catalog.t' } } }
    expect(refusal({ tables: [table('t')], settings })).toMatchObject({ code: 'NAME_CONFLICT' })
  })

  test('two sources in one warehouse: both planned, equal names refused', () => {
    const sources = {
      a: { identity: { kind: 'a' }, tables: [table('t')], settings: {} },
      b: { identity: { kind: 'b' }, tables: [table('t')], settings: { tables: { t: { name: 'crm.t' } } } },
    }
    const input = {
      date: '2026-02-18',
      today: '2026-02-18',
      only: null,
      replace: false,
      acceptNewSource: false,
      state: EMPTY,
      manifest: null,
      sources,
    }
    expect(planRun(input).tables.map((t) => [t.name, t.source])).toEqual([
      ['crm.t', 'b'],
      ['t', 'a'],
    ])
    expect(() => planRun({ ...input, sources: { ...sources, b: { ...sources.b, settings: {} } } })).toThrow(
      'would both be t',
    )
  })
})

function stateWith(name: string, date: string, source = 'default'): EtlState {
  const file = { key: `${name}/x`, rows: 1, bytes: 1000, sha256: 'a' }
  const entry = {
    source: { name: source, schema: 'public', table: name },
    run_id: 'r0',
    date,
    mode: 'snapshot' as const,
    snapshot: { id: null, position: null, taken_at: 'x' },
    files: [file],
    columns: [
      { name: 'id', type: 'BIGINT', nullable: false, source_type: 'bigint' },
      { name: 'old', type: 'DATE', nullable: false, source_type: 'date' },
    ],
    proof: { level: 'counts' as const, rows: 1 },
    schema_hash: 'x',
    primary_key: [],
    watermark: null,
    lossy_conversions: {},
  }
  return { ...EMPTY, tables: { [name]: entry } }
}

describe('days', () => {
  test('future date: refused', () => {
    expect(refusal({ tables: three, date: '2026-02-19' })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('in the future'),
    })
  })

  test('existing day: today is replaced, a past day only with --replace', () => {
    const { tables } = stateWith('orders', '2026-02-17')
    const today = { version: 4 as const, date: '2026-02-18', run_id: 'r0', tables }
    expect(plan({ tables: three, manifest: today }).tables.map((t) => t.replaces)).toEqual([false, false, true])
    const past = { tables: three, date: '2026-02-17', manifest: { ...today, date: '2026-02-17' } }
    expect(refusal(past)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('orders'),
      hint: expect.stringContaining('--replace'),
    })
    expect(names({ ...past, replace: true })).toHaveLength(3)
    expect(names({ ...past, only: ['customers'] })).toEqual(['customers'])
  })

  test('missing table: removed, but not by a run of some tables, an earlier day, or another source', () => {
    const state = stateWith('gone', '2026-02-17')
    expect(plan({ tables: three, state }).dropped).toEqual(['gone'])
    expect(plan({ tables: three, state, only: ['orders'] }).dropped).toEqual([])
    expect(plan({ tables: three, state, date: '2026-02-16' }).dropped).toEqual([])
    expect(plan({ tables: three, state: stateWith('gone', '2026-02-17', 'crm') }).dropped).toEqual([])
    expect(
      plan({ tables: three, state: stateWith('orders', '2026-02-17'), settings: { exclude: ['orders'] } }).dropped,
    ).toEqual(['orders'])
  })

  test('changes since the current files: listed', () => {
    const [, , orders] = plan({ tables: three, state: stateWith('orders', '2026-02-17') }).tables
    expect(orders).toMatchObject({
      isNew: false,
      previousBytes: 1000,
      changes: ['column email is new', 'column old is gone', 'column id was BIGINT, is INTEGER'],
    })
    expect(plan({ tables: three }).tables[0]).toMatchObject({ isNew: true, previousBytes: null, changes: [] })
  })
})
