import type { ChangeReasonId, TableSchema } from '@dwh/core'
import type { Reading } from './days.test-support.ts'

/** Something that happens to a table between two snapshots. */
export interface Hazard {
  /** What happens. */
  readonly name: string
  /** Statements that make the table `$t`; other objects are called `$t_...`. */
  readonly before: readonly string[]
  /** Statements between the two snapshots, each on its own. */
  readonly between: readonly string[]
  readonly says: ChangeReasonId | 'unchanged'
  /** Whether a full read then differs from the one before. */
  readonly rows: 'same' | 'other'
  /** How the table is read: on the first day, and on the second. */
  readonly reading?: readonly [first: Reading, second: Reading]
  /** The first version of Postgres that has it. */
  readonly since?: number
}

const TEN = ['CREATE TABLE $t AS SELECT i, i * 10 AS n FROM generate_series(1, 10) i']
const plain: Reading = () => ({})

/** What xmin and the number of rows see. */
const SEEN: readonly Hazard[] = [
  { name: 'nothing', before: TEN, between: [], says: 'unchanged', rows: 'same' },
  { name: 'an update', before: TEN, between: ['UPDATE $t SET n = 1 WHERE i = 1'], says: 'rows-changed', rows: 'other' },
  { name: 'an insert', before: TEN, between: ['INSERT INTO $t VALUES (11, 1)'], says: 'rows-changed', rows: 'other' },
  {
    name: 'an insert in a savepoint',
    before: TEN,
    between: ['BEGIN; SAVEPOINT a; INSERT INTO $t VALUES (11, 1); RELEASE a; COMMIT'],
    says: 'rows-changed',
    rows: 'other',
  },
  { name: 'a delete', before: TEN, between: ['DELETE FROM $t WHERE i = 1'], says: 'rows-changed', rows: 'other' },
  {
    name: 'as many inserts as deletes',
    before: TEN,
    between: ['DELETE FROM $t WHERE i < 4', 'INSERT INTO $t SELECT i, 0 FROM generate_series(21, 23) i'],
    says: 'rows-changed',
    rows: 'other',
  },
  {
    name: 'an update of keys',
    before: TEN,
    between: ['UPDATE $t SET i = i + 100 WHERE i < 4'],
    says: 'rows-changed',
    rows: 'other',
  },
  {
    name: 'changes that are rolled back',
    before: TEN,
    between: ['BEGIN; UPDATE $t SET n = 0; DELETE FROM $t WHERE i = 1; INSERT INTO $t VALUES (0, 0); ROLLBACK'],
    says: 'unchanged',
    rows: 'same',
  },
  { name: 'VACUUM FREEZE', before: TEN, between: ['VACUUM FREEZE $t'], says: 'unchanged', rows: 'same' },
  {
    name: 'SELECT FOR UPDATE',
    before: TEN,
    between: ['BEGIN; SELECT FROM $t FOR UPDATE; COMMIT'],
    says: 'unchanged',
    rows: 'same',
  },
  {
    name: 'ANALYZE, an index, a privilege, a comment',
    before: TEN,
    between: ['ANALYZE $t', 'CREATE INDEX ON $t (i)', 'GRANT SELECT ON $t TO PUBLIC', `COMMENT ON TABLE $t IS 'x'`],
    says: 'unchanged',
    rows: 'same',
  },
]

/** What happens to the files of a table. */
const STORED: readonly Hazard[] = [
  {
    name: 'TRUNCATE and INSERT',
    before: TEN,
    between: ['BEGIN; TRUNCATE $t; INSERT INTO $t SELECT i, 0 FROM generate_series(1, 10) i; COMMIT'],
    says: 'storage-changed',
    rows: 'other',
  },
  {
    name: 'TRUNCATE and COPY FREEZE',
    before: TEN,
    between: [`BEGIN; TRUNCATE $t; COPY $t (i) FROM PROGRAM 'seq 1 10' (FREEZE); COMMIT`],
    says: 'storage-changed',
    rows: 'other',
  },
  { name: 'VACUUM FULL', before: TEN, between: ['VACUUM FULL $t'], says: 'storage-changed', rows: 'same' },
  {
    name: 'CLUSTER',
    before: [...TEN, 'CREATE INDEX $t_i ON $t (n)'],
    between: ['CLUSTER $t USING $t_i'],
    says: 'storage-changed',
    rows: 'same',
  },
  {
    name: 'SET LOGGED',
    before: ['CREATE UNLOGGED TABLE $t AS SELECT 1 AS i'],
    between: ['ALTER TABLE $t SET LOGGED'],
    says: 'storage-changed',
    rows: 'same',
  },
  {
    name: 'another table under the same name',
    before: TEN,
    between: ['BEGIN; ALTER TABLE $t RENAME TO $t_old; CREATE TABLE $t (LIKE $t_old); COMMIT'],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'ATTACH PARTITION of ten old rows and DELETE of ten',
    before: [
      'CREATE TABLE $t (i int) PARTITION BY LIST (i)',
      'CREATE TABLE $t_1 PARTITION OF $t FOR VALUES IN (1)',
      'CREATE TABLE $t_2 (i int)',
      'INSERT INTO $t SELECT 1 FROM generate_series(1, 10)',
      'INSERT INTO $t_2 SELECT 2 FROM generate_series(1, 10)',
    ],
    between: ['DELETE FROM $t', 'ALTER TABLE $t ATTACH PARTITION $t_2 FOR VALUES IN (2)'],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'an empty partition attached',
    before: ['CREATE TABLE $t (i int) PARTITION BY LIST (i)', 'CREATE TABLE $t_1 PARTITION OF $t FOR VALUES IN (1)'],
    between: ['CREATE TABLE $t_2 PARTITION OF $t FOR VALUES IN (2)'],
    says: 'structure-changed',
    rows: 'same',
  },
  {
    name: 'VACUUM FULL of one partition',
    before: ['CREATE TABLE $t (i int) PARTITION BY LIST (i)', 'CREATE TABLE $t_1 PARTITION OF $t FOR VALUES IN (1)'],
    between: ['VACUUM FULL $t_1'],
    says: 'storage-changed',
    rows: 'same',
  },
  {
    name: 'a child by inheritance exchanged for another',
    before: [
      ...TEN,
      'CREATE TABLE $t_a () INHERITS ($t)',
      'CREATE TABLE $t_b (LIKE $t)',
      'INSERT INTO $t_a VALUES (1, 1)',
      'INSERT INTO $t_b VALUES (2, 2)',
    ],
    between: ['ALTER TABLE $t_a NO INHERIT $t', 'ALTER TABLE $t_b INHERIT $t'],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'rows of a partition',
    before: ['CREATE TABLE $t (i int) PARTITION BY LIST (i)', 'CREATE TABLE $t_1 PARTITION OF $t FOR VALUES IN (1)'],
    between: ['INSERT INTO $t_1 VALUES (1)'],
    says: 'rows-changed',
    rows: 'other',
  },
  {
    name: 'a materialized view, not refreshed',
    before: ['CREATE MATERIALIZED VIEW $t AS SELECT 1 AS i'],
    between: [],
    says: 'unchanged',
    rows: 'same',
  },
  {
    name: 'a materialized view, refreshed',
    before: ['CREATE TABLE $t_of AS SELECT 1 AS i', 'CREATE MATERIALIZED VIEW $t AS SELECT i FROM $t_of'],
    between: ['UPDATE $t_of SET i = 2', 'REFRESH MATERIALIZED VIEW $t'],
    says: 'storage-changed',
    rows: 'other',
  },
  {
    name: 'a materialized view, refreshed CONCURRENTLY',
    before: [
      'CREATE TABLE $t_of AS SELECT 1 AS i',
      'CREATE MATERIALIZED VIEW $t AS SELECT i FROM $t_of',
      'CREATE UNIQUE INDEX ON $t (i)',
    ],
    between: ['UPDATE $t_of SET i = 2', 'REFRESH MATERIALIZED VIEW CONCURRENTLY $t'],
    says: 'rows-changed',
    rows: 'other',
  },
]

/** What changes the values of rows that nobody writes. */
const STRUCTURED: readonly Hazard[] = [
  {
    name: 'ADD COLUMN with a constant default',
    before: TEN,
    between: [`ALTER TABLE $t ADD COLUMN c text DEFAULT 'x'`],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'ADD COLUMN with a volatile default',
    before: TEN,
    between: ['ALTER TABLE $t ADD COLUMN c float8 DEFAULT random()'],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'DROP COLUMN',
    before: TEN,
    between: ['ALTER TABLE $t DROP COLUMN n'],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'a column dropped, and added again with a default',
    before: TEN,
    between: ['ALTER TABLE $t DROP COLUMN n', 'ALTER TABLE $t ADD COLUMN n int DEFAULT 5'],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'a partition detached, a column of it dropped and added again with a default, attached',
    before: [
      'CREATE TABLE $t (i int, n int) PARTITION BY LIST (i)',
      'CREATE TABLE $t_1 PARTITION OF $t FOR VALUES IN (1)',
      'INSERT INTO $t VALUES (1, 1)',
    ],
    between: [
      'ALTER TABLE $t DETACH PARTITION $t_1',
      'ALTER TABLE $t_1 DROP COLUMN n',
      'ALTER TABLE $t_1 ADD COLUMN n int DEFAULT 5',
      'ALTER TABLE $t ATTACH PARTITION $t_1 FOR VALUES IN (1)',
    ],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'another type, with a rewrite',
    before: TEN,
    between: ['ALTER TABLE $t ALTER COLUMN n TYPE text'],
    says: 'structure-changed',
    rows: 'same',
  },
  {
    name: 'a longer varchar',
    before: [`CREATE TABLE $t AS SELECT 'a'::varchar(5) AS a`],
    between: ['ALTER TABLE $t ALTER COLUMN a TYPE varchar(9)'],
    says: 'structure-changed',
    rows: 'same',
  },
  {
    name: 'a column renamed',
    before: TEN,
    between: ['ALTER TABLE $t RENAME COLUMN n TO m'],
    says: 'structure-changed',
    rows: 'same',
  },
  {
    name: 'NOT NULL',
    before: TEN,
    between: ['ALTER TABLE $t ALTER COLUMN n SET NOT NULL'],
    says: 'structure-changed',
    rows: 'same',
  },
  {
    name: 'a label of an enum renamed',
    before: [`CREATE TYPE $t_mood AS ENUM ('sad', 'happy')`, `CREATE TABLE $t AS SELECT 'sad'::$t_mood AS mood`],
    between: [`ALTER TYPE $t_mood RENAME VALUE 'sad' TO 'blue'`],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'a label renamed of an enum in a domain in a composite in an array',
    before: [
      `CREATE TYPE $t_mood AS ENUM ('sad', 'happy')`,
      'CREATE DOMAIN $t_day AS $t_mood',
      'CREATE TYPE $t_pair AS (mood $t_day, n int)',
      `CREATE TABLE $t AS SELECT ARRAY[ROW('sad', 1)::$t_pair] AS pairs`,
    ],
    between: [`ALTER TYPE $t_mood RENAME VALUE 'sad' TO 'blue'`],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'a label renamed of an enum in a multirange',
    before: [
      `CREATE TYPE $t_mood AS ENUM ('sad', 'happy')`,
      'CREATE TYPE $t_range AS RANGE (subtype = $t_mood, multirange_type_name = $t_ranges)',
      `CREATE TABLE $t AS SELECT '{[sad,happy)}'::$t_ranges AS moods`,
    ],
    between: [`ALTER TYPE $t_mood RENAME VALUE 'sad' TO 'blue'`],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'a label of an enum renamed, and back',
    before: [`CREATE TYPE $t_mood AS ENUM ('sad', 'happy')`, `CREATE TABLE $t AS SELECT 'sad'::$t_mood AS mood`],
    between: [`ALTER TYPE $t_mood RENAME VALUE 'sad' TO 'blue'`, `ALTER TYPE $t_mood RENAME VALUE 'blue' TO 'sad'`],
    says: 'structure-changed',
    rows: 'same',
  },
  {
    name: 'an attribute added to a composite',
    before: ['CREATE TYPE $t_pair AS (a int)', 'CREATE TABLE $t AS SELECT ROW(1)::$t_pair AS pair'],
    between: ['ALTER TYPE $t_pair ADD ATTRIBUTE b int'],
    says: 'structure-changed',
    rows: 'other',
  },
  {
    name: 'an extension of a type updated',
    before: [
      `CREATE SCHEMA $t_x`,
      `CREATE EXTENSION citext SCHEMA $t_x VERSION '1.5'`,
      `CREATE TABLE $t AS SELECT 'a'::$t_x.citext AS a`,
    ],
    between: [`ALTER EXTENSION citext UPDATE TO '1.6'`],
    says: 'structure-changed',
    rows: 'same',
  },
]

const only =
  (name: string): Reading =>
  (table: TableSchema) => ({
    table: { ...table, columns: table.columns.filter((column) => column.name === name) },
  })
const asText: Reading = (table) => ({
  table: { ...table, columns: table.columns.map((column) => ({ ...column, storeAs: 'text' as const })) },
})

/** What we do in another way than before. */
const READ: readonly Hazard[] = [
  {
    name: 'a column excluded',
    before: TEN,
    between: [],
    reading: [plain, only('i')],
    says: 'reading-changed',
    rows: 'other',
  },
  {
    name: 'another type chosen',
    before: TEN,
    between: [],
    reading: [plain, asText],
    says: 'reading-changed',
    rows: 'same',
  },
  {
    name: 'a column added that is not read',
    before: TEN,
    between: ['ALTER TABLE $t ADD COLUMN c int DEFAULT 1'],
    reading: [plain, only('i')],
    says: 'structure-changed',
    rows: 'other',
  },
]

const named = { reading: [plain, plain] as const }
const where: Reading = () => ({ where: 'i < 5' })

/** What nothing but a full read tells. */
const UNDETECTABLE: readonly Hazard[] = [
  { name: 'a condition', before: TEN, between: [], reading: [where, where], says: 'not-detectable', rows: 'same' },
  { name: 'a view', before: ['CREATE VIEW $t AS SELECT 1 AS i'], between: [], says: 'not-detectable', rows: 'same' },
  {
    name: 'a foreign table',
    before: [
      'CREATE EXTENSION IF NOT EXISTS file_fdw',
      'CREATE SERVER $t_s FOREIGN DATA WRAPPER file_fdw',
      `CREATE FOREIGN TABLE $t (i int) SERVER $t_s OPTIONS (program 'seq 1 3')`,
    ],
    between: [],
    ...named,
    says: 'not-detectable',
    rows: 'same',
  },
  {
    name: 'a foreign partition',
    before: [
      'CREATE EXTENSION IF NOT EXISTS file_fdw',
      'CREATE SERVER $t_s FOREIGN DATA WRAPPER file_fdw',
      'CREATE TABLE $t (i int) PARTITION BY RANGE (i)',
      `CREATE FOREIGN TABLE $t_1 PARTITION OF $t FOR VALUES FROM (1) TO (9) SERVER $t_s OPTIONS (program 'seq 1 3')`,
    ],
    between: [],
    says: 'not-detectable',
    rows: 'same',
  },
  {
    name: 'money',
    before: ['CREATE TABLE $t AS SELECT 1::money AS m'],
    between: [],
    says: 'not-detectable',
    rows: 'same',
  },
  {
    name: 'an array of a domain over regclass, whose table is renamed',
    before: [
      'CREATE TABLE $t_named ()',
      'CREATE DOMAIN $t_reg AS regclass',
      `CREATE TABLE $t AS SELECT ARRAY['$t_named'::regclass::$t_reg] AS a`,
    ],
    between: ['ALTER TABLE $t_named RENAME TO $t_other'],
    says: 'not-detectable',
    rows: 'other',
  },
  {
    name: 'aclitem',
    before: [`CREATE TABLE $t AS SELECT makeaclitem(10, 10, 'SELECT', false) AS a`],
    between: [],
    says: 'not-detectable',
    rows: 'same',
  },
  {
    name: 'a virtual generated column',
    since: 18,
    before: ['CREATE TABLE $t (i int, n int GENERATED ALWAYS AS (i * 2) VIRTUAL)', 'INSERT INTO $t VALUES (1)'],
    between: [],
    says: 'not-detectable',
    rows: 'same',
  },
]

export const HAZARDS: readonly Hazard[] = [...SEEN, ...STORED, ...STRUCTURED, ...READ, ...UNDETECTABLE]
