import type { History } from './history.ts'

/** Something that may happen to a database. */
interface Step {
  readonly weight: number
  take(history: History, table: string): Promise<unknown>
}

const some = (history: History) => `id % 7 = ${history.random.below(7)}`
const fresh = (history: History) => {
  history.count += 1
  return 1000 + history.count
}

const columns = (table: string) => (table === 'events' ? '(id, n, day)' : '(id, n)')
const values = (table: string, id: number, rows: number) =>
  `SELECT ${id} * 100 + i, ${id}${table === 'events' ? ', 1 + i % 2' : ''} FROM generate_series(1, ${rows}) i`
const insert = (table: string, id: number, rows: number) =>
  `INSERT INTO ${table} ${columns(table)} ${values(table, id, rows)}`

/** A change of rows, as one or more statements. */
function change(history: History, table: string): string {
  const id = fresh(history)
  return history.random.pick([
    insert(table, id, 1 + history.random.below(9)),
    `UPDATE ${table} SET n = ${id} WHERE ${some(history)}`,
    `DELETE FROM ${table} WHERE ${some(history)}`,
    `UPDATE ${table} SET id = id + 1000 WHERE ${some(history)}`,
  ])
}

/** As many new rows as deleted ones. */
const swap = (table: string, id: number) =>
  `WITH gone AS (DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} ORDER BY id LIMIT 5) RETURNING id) INSERT INTO ${table} ${columns(table)} SELECT id + 5000, ${id}${table === 'events' ? ', 1' : ''} FROM gone`

const ROWS: readonly Step[] = [
  { weight: 30, take: (h, table) => h.run(change(h, table)) },
  { weight: 8, take: (h, table) => h.run(`DELETE FROM ${table} WHERE ${some(h)}`) },
  { weight: 8, take: (h, table) => h.run(swap(table, fresh(h))) },
  { weight: 5, take: (h, table) => h.run(`BEGIN; ${change(h, table)}; ${change(h, table)}; ROLLBACK`) },
  {
    weight: 5,
    take: (h, table) =>
      h.run(
        `BEGIN; SAVEPOINT a; ${change(h, table)}; ROLLBACK TO a; SAVEPOINT b; ${change(h, table)}; RELEASE b; COMMIT`,
      ),
  },
  // transactions that end on a later day
  { weight: 20, take: openLate },
  { weight: 20, take: endLate },
  { weight: 3, take: prepareLate },
  { weight: 4, take: endPrepared },
  // transaction ids of others
  { weight: 10, take: (h) => h.run(`DROP TABLE IF EXISTS other; CREATE TABLE other (id int)`) },
]

async function openLate(h: History, table: string): Promise<void> {
  if (h.open.length >= 2) return
  const client = await h.another()
  const begun = await h.run(`BEGIN; ${change(h, table)}; SAVEPOINT a; ${change(h, table)}; RELEASE a`, client)
  if (begun) h.open.push(client)
  else await client.end()
}

async function endLate(h: History): Promise<void> {
  const client = h.open.shift()
  if (client === undefined) return
  await h.run(h.random.chance(0.8) ? 'COMMIT' : 'ROLLBACK', client)
  await client.end()
}

async function prepareLate(h: History, table: string): Promise<void> {
  if (h.prepared.length >= 2) return
  const id = `prepared_${fresh(h)}_${await h.ask('SELECT current_database()')}`
  if (await h.run(`BEGIN; ${change(h, table)}; PREPARE TRANSACTION '${id}'`)) h.prepared.push(id)
}

async function endPrepared(h: History): Promise<void> {
  const id = h.prepared.shift()
  if (id !== undefined) await h.run(`${h.random.chance(0.8) ? 'COMMIT' : 'ROLLBACK'} PREPARED '${id}'`)
}

const parts = (table: string, h: History) =>
  table === 'events'
    ? h.random.pick(['events_1', 'events_2'])
    : table === 'notes'
      ? h.random.pick(['notes', 'notes_old'])
      : table

const FILES: readonly Step[] = [
  { weight: 2, take: (h, table) => h.run(`TRUNCATE ${table}`) },
  { weight: 2, take: (h, table) => h.run(`BEGIN; TRUNCATE ${table}; ${insert(table, fresh(h), 20)}; COMMIT`) },
  {
    weight: 2,
    take: (h) => h.run(`BEGIN; TRUNCATE quiet; COPY quiet (id) FROM PROGRAM 'seq 1 20' (FREEZE); COMMIT`),
  },
  { weight: 4, take: (h, table) => h.run(`VACUUM FREEZE ${table}`) },
  { weight: 2, take: (h, table) => h.run(`VACUUM FULL ${parts(table, h)}`) },
  { weight: 2, take: (h) => h.run('CLUSTER orders USING orders_n') },
]

const SHAPES: readonly Step[] = [
  { weight: 2, take: (h, table) => h.run(`ALTER TABLE ${table} ADD COLUMN c${fresh(h)} int DEFAULT ${h.count}`) },
  // the same name and type, other values
  {
    weight: 3,
    take: (h, table) =>
      h.run(
        `BEGIN; ALTER TABLE ${table} DROP COLUMN n; ALTER TABLE ${table} ADD COLUMN n int DEFAULT ${fresh(h)}; COMMIT`,
      ),
  },
  {
    weight: 2,
    take: (h, table) => h.run(`ALTER TABLE ${table} ALTER COLUMN n TYPE ${h.random.pick(['bigint', 'int'])}`),
  },
  { weight: 4, take: renameLabel },
  { weight: 2, take: (h) => h.run(`ALTER TYPE pair ADD ATTRIBUTE x${fresh(h)} int`) },
  { weight: 5, take: exchangePart },
  { weight: 4, take: changePart },
  { weight: 3, take: exchangeChild },
]

async function renameLabel(h: History): Promise<void> {
  const label = await h.ask(`SELECT enumlabel FROM pg_enum ORDER BY enumsortorder LIMIT 1`)
  await h.run(`ALTER TYPE mood RENAME VALUE '${label}' TO 'm${fresh(h)}'`)
}

/** Detaches a partition, and attaches another that has as many rows, all of them old. */
function exchangePart(h: History): Promise<boolean> {
  const more = '(SELECT count(*) FROM events_2) - (SELECT count(*) FROM spare)'
  return h.run(`BEGIN; ALTER TABLE events DETACH PARTITION events_2; ALTER TABLE events_2 RENAME TO spare_2;
    ALTER TABLE spare RENAME TO events_2; ALTER TABLE spare_2 RENAME TO spare;
    DELETE FROM events_2 WHERE ctid IN (SELECT ctid FROM events_2 LIMIT greatest(0, ${more}));
    ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES IN (2); COMMIT`)
}

/** Changes the values of a partition without writing its rows. */
async function changePart(h: History): Promise<void> {
  const type = await h.ask(`SELECT format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = 'events'::regclass AND attname = 'n'`)
  await h.run(`BEGIN; ALTER TABLE events DETACH PARTITION events_1; ALTER TABLE events_1 DROP COLUMN n;
    ALTER TABLE events_1 ADD COLUMN n ${type} DEFAULT ${fresh(h)};
    ALTER TABLE events ATTACH PARTITION events_1 FOR VALUES IN (1); COMMIT`)
}

/** Takes a child out of its parent, or puts it back. */
async function exchangeChild(h: History): Promise<void> {
  const inherits = await h.ask(`SELECT count(*) > 0 FROM pg_inherits WHERE inhparent = 'notes'::regclass`)
  await h.run(`ALTER TABLE notes_old ${inherits ? 'NO INHERIT' : 'INHERIT'} notes`)
}

const STEPS: readonly Step[] = [...ROWS, ...FILES, ...SHAPES]

const TABLES = ['orders', 'moods', 'events', 'notes']
/** Is written less than the others. */
const QUIET = 'quiet'

/** Does what happens between two days. */
export async function liveADay(history: History): Promise<void> {
  const { random } = history
  const steps = random.below(5)
  for (let i = 0; i < steps; i += 1)
    await choose(history).take(history, random.chance(0.1) ? QUIET : random.pick(TABLES))
}

function choose({ random }: History): Step {
  let left = random.below(STEPS.reduce((sum, { weight }) => sum + weight, 0))
  return STEPS.find(({ weight }) => {
    left -= weight
    return left < 0
  }) as Step
}
