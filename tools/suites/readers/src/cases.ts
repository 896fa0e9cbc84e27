import type { ColumnType, SpecialValues } from '@dwh/core'

/** A table with one column `v`, and what its values are. */
export interface Case {
  /** Name of the table. */
  readonly table: string
  /** Type of the column in Postgres, with `NOT NULL` where no value is NULL. */
  readonly declared: string
  /** In the warehouse, without `readers`. */
  readonly stored: ColumnType
  /** In SQL; a NULL is added where the column may be NULL. */
  readonly values: readonly string[]
  /** The special values that these are; null for others. */
  readonly special: SpecialValues | null
}

const DATE_INFINITIES = ["'infinity'", "'-infinity'"]
const FAR_DATES = ["'0044-03-15 BC'", "'10000-01-01'", "'5874897-12-31'"]
const FAR_MOMENTS = ["'0044-03-15 12:00:00.5 BC'", "'10000-01-01 00:00:00'", "'294247-01-10 04:00:54.775806'"]

const texts = (...values: string[]) => values.map((value) => `'${value}'`)

/** Each stored type, with the values that a careless reader changes. */
const TYPES: readonly (readonly [declared: string, stored: ColumnType, values: readonly string[]])[] = [
  ['bool', 'BOOLEAN', texts('true', 'false')],
  ['int2', 'SMALLINT', texts('-32768', '32767')],
  ['int4', 'INTEGER', texts('-2147483648', '2147483647')],
  ['int8', 'BIGINT', texts('-9223372036854775808', '9223372036854775807', '9007199254740993')],
  ['oid', 'UINTEGER', texts('0', '4294967295')],
  ['float4', 'FLOAT', texts('NaN', 'Infinity', '-Infinity', '-0', '3.4028235e38', '1e-45', '0.1')],
  ['float8', 'DOUBLE', texts('NaN', 'Infinity', '-Infinity', '-0', '1.7976931348623157e308', '5e-324', '0.1')],
  ['numeric(9,2)', 'DECIMAL(9,2)', texts('9999999.99', '-0.01')],
  ['numeric(18,2)', 'DECIMAL(18,2)', texts('9999999999999999.99', '-0.01')],
  ['numeric(38,10)', 'DECIMAL(38,10)', texts('9999999999999999999999999999.9999999999', '-0.0000000001')],
  ['text', 'VARCHAR', [...texts('', ' ', '🦆 Zürich', 'NULL', '[]'), "E'\\uFEFFx'", "E'a\\nb'"]],
  ['bytea', 'BLOB', texts('', '\\x00', '\\x00ff5c0a22', '\\x616263')],
  ['date', 'DATE', texts('0001-01-01', '1582-10-04', '1582-10-15', '1899-12-31', '2024-02-29', '9999-12-31')],
  ['time', 'TIME', texts('00:00:00', '23:59:59.999999', '03:04:05.000001')],
  [
    'timestamp',
    'TIMESTAMP',
    texts('0001-01-01 00:00:00', '1582-10-04 12:00:00', '1969-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999'),
  ],
  [
    'timestamptz',
    'TIMESTAMP WITH TIME ZONE',
    texts(
      '0001-01-02 00:00:00+00',
      '1883-11-18 12:03:57+00',
      '2026-03-29 02:30:00+05:45',
      '9999-12-31 23:59:59.999999+00',
    ),
  ],
  ['uuid', 'UUID', texts('00000000-0000-0000-0000-000000000000', '2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11')],
  ['json', 'JSON', texts('null', '{}', '{"b": 1,  "a": 1.0}', '{"n": 12345678901234567890.123456789, "x": null}')],
]

/** The name of a case: `list_of_uuid`, `date_far_years`. */
const slug = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/_$/, '')

function special(declared: string, stored: ColumnType, values: SpecialValues, list: readonly string[]): Case[] {
  const name = `${slug(declared)}_${slug(values)}`
  return [
    { table: name, declared, stored, values: list, special: values },
    {
      table: `list_of_${name}`,
      declared: `${declared}[] NOT NULL`,
      stored: `${stored}[]` as ColumnType,
      values: [`ARRAY[${list.join(', ')}, NULL]::${declared}[]`],
      special: values,
    },
  ]
}

export const CASES: readonly Case[] = [
  ...TYPES.map(([declared, stored, values]) => ({ table: slug(declared), declared, stored, values, special: null })),
  ...TYPES.map(([declared, stored, values]) => ({
    table: `list_of_${slug(declared)}`,
    declared: `${declared}[] NOT NULL`,
    stored: `${stored}[]` as ColumnType,
    values: [`ARRAY[${values.join(', ')}, NULL]::${declared}[]`, "'{}'", "'{NULL}'"],
    special: null,
  })),
  ...special('date', 'DATE', 'infinities', DATE_INFINITIES),
  ...special('timestamp', 'TIMESTAMP', 'infinities', DATE_INFINITIES),
  ...special('timestamptz', 'TIMESTAMP WITH TIME ZONE', 'infinities', DATE_INFINITIES),
  ...special('date', 'DATE', 'far years', FAR_DATES),
  ...special('timestamp', 'TIMESTAMP', 'far years', FAR_MOMENTS),
  ...special('timestamptz', 'TIMESTAMP WITH TIME ZONE', 'far years', FAR_MOMENTS),
  ...special('timestamptz', 'TIMESTAMP WITH TIME ZONE', '0001-01-01', ["'0001-01-01 00:00:00+00'"]),
  ...special('time', 'TIME', '24:00', ["'24:00:00'"]),
  {
    table: 'null_list',
    declared: 'int4[]',
    stored: 'INTEGER[]',
    values: ["'{1,NULL}'", "'{}'"],
    special: 'NULL lists',
  },
]

/** Tables with all values of the cases, and an `id` from 0. */
export function casesSql(cases: readonly Case[]): string {
  const statements = cases.map(({ table, declared, values }) => {
    const cells = declared.endsWith('NOT NULL') ? values : [...values, 'NULL']
    const rows = cells.map((value, id) => `(${id}, ${value})`).join(', ')
    return `CREATE TABLE "${table}" (id int PRIMARY KEY, v ${declared}); INSERT INTO "${table}" VALUES ${rows};`
  })
  return statements.join('\n')
}
