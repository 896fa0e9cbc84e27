import { expect, onTestFinished, test } from 'vitest'
import { localFiles, openSession, type Session } from './index.ts'
import { testWarehouse } from './test-support.ts'

async function open(timeZone?: string): Promise<Session> {
  const { store, state } = await testWarehouse()
  const session = await openSession({
    tables: {},
    files: localFiles({ store, readState: async () => state }),
    timeZone,
  })
  onTestFinished(() => session.close())
  return session
}

test('every type: a value that JSON.stringify writes, exactly', async () => {
  const session = await open('Europe/Zurich')
  const answer =
    await session.queryAll(`SELECT true AS b, 7::TINYINT AS i1, 9007199254740991 AS safe, 9007199254740993 AS big,
    170141183460469231731687303715884105727::HUGEINT AS huge, 1.50::DECIMAL(4,2) AS d, 0.1::FLOAT AS f4, 1.5::DOUBLE AS f8,
    'nan'::DOUBLE AS nan, '-inf'::FLOAT AS inf, 'x' AS t, DATE '2026-02-18' AS day, TIME '24:00:00' AS tm,
    TIMESTAMP '2026-02-18 03:00:12.5' AS ts, TIMESTAMPTZ '2026-07-18 03:00:12+00' AS tz, TIMESTAMPTZ 'infinity' AS never,
    INTERVAL '2 days' AS iv, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS u, '\\x00\\xFF'::BLOB AS bl, '{"a": 1e999}'::JSON AS j,
    [1, NULL] AS l, array_value(0.1::FLOAT) AS ar, {'at': TIMESTAMPTZ '2026-01-18 03:00:12+00', 'x': 1} AS s,
    MAP {DATE '2026-02-18': [2::HUGEINT]} AS m, union_value(n := 2) AS un, 'v'::ENUM ('v') AS e, NULL AS n, 1 AS n, 2 AS "__proto__"`)
  const [row] = answer?.rows ?? []
  expect(JSON.parse(JSON.stringify(row))).toEqual({
    b: true,
    i1: 7,
    safe: 9007199254740991,
    big: '9007199254740993',
    huge: '170141183460469231731687303715884105727',
    d: '1.50',
    f4: 0.1,
    f8: 1.5,
    nan: 'NaN',
    inf: '-Infinity',
    t: 'x',
    day: '2026-02-18',
    tm: '24:00:00',
    ts: '2026-02-18T03:00:12.5',
    tz: '2026-07-18T05:00:12+02:00',
    never: 'infinity',
    iv: '2 days',
    u: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    bl: '\\x00ff',
    j: '{"a": 1e999}',
    l: [1, null],
    ar: [0.1],
    s: { at: '2026-01-18T04:00:12+01:00', x: 1 },
    m: { '2026-02-18': [2] },
    un: 2,
    e: 'v',
    n: null,
    n_1: 1,
    ['__proto__']: 2,
  })
})

test('parameters: values of JavaScript, each as the type it is', async () => {
  const session = await open()
  const row = async (sql: string, params: NonNullable<Parameters<Session['queryAll']>[1]>['params']) =>
    (await session.queryAll(sql, { params }))?.rows[0]
  const types = '[typeof(a), typeof(b), typeof(c), typeof(d), typeof(e), typeof(f), typeof(g)] AS t'
  expect(
    await row(`SELECT *, ${types} FROM (SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f, ? AS g)`, [
      7,
      2n ** 40n,
      1.5,
      true,
      new Date('2026-02-18T03:00:00Z'),
      new Uint8Array([0, 255]),
      null,
    ]),
  ).toEqual({
    a: 7,
    b: 2 ** 40,
    c: 1.5,
    d: true,
    e: '2026-02-18T03:00:00Z',
    f: '\\x00ff',
    g: null,
    t: ['INTEGER', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'TIMESTAMP WITH TIME ZONE', 'BLOB', '"NULL"'],
  })
  expect(await row('SELECT $a::DATE + $b AS d', { a: '2026-02-18', b: 1 })).toEqual({ d: '2026-02-19' })
  expect(await row(`SELECT '$a; drop table x' || $a AS t`, { a: `'; DROP TABLE x; --` })).toEqual({
    t: `$a; drop table x'; DROP TABLE x; --`,
  })
  await expect(row('SELECT $a', undefined)).rejects.toMatchObject({ message: 'parameter a: has no value' })
  await expect(row('SELECT nothing + $a', { a: 1 })).rejects.toMatchObject({
    message: expect.stringContaining('nothing'),
  })
})
