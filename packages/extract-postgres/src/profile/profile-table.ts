import {
  type ColumnProof,
  type ColumnType,
  elementType,
  emptyRecord,
  type LossyConversion,
  type Measure,
  measuresOf,
  type ProfileOptions,
  type ProofLevel,
  quoteIdentifier,
  type ScalarType,
  type TableProfile,
} from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { finiteCondition, isFiniteNumber, isFloat, toNumber } from '../catalog/number-line.ts'
import { decideType } from '../catalog/pg-types.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'
import type { PgClient } from '../session/pg-client.ts'
import { sourceFailure } from '../session/postgres-errors.ts'
import { hashRows } from './hash-rows.ts'
import { profileLongest } from './longest-row.ts'
import { type Answer, openQuestions, type Questions, type Scope } from './questions.ts'

/**
 * Looks at a table by aggregates of the server, in one pass over it, or in several for a table with hundreds of columns, or with arrays that turn out to be no lists: how many rows, what the open
 * columns need, what allowedTypes cost, and, for `columns`, what `measuresOf` says. Call it inside `beginSnapshot`, under the table's lock: it then speaks of the same rows as a read in the same snapshot.
 * @throws DwhError SOURCE_FAILED, naming the table
 */
export async function profileTable(
  client: PgClient,
  table: PgTable,
  { proof: level, native, lengths = 'cheap' }: ProfileOptions,
  { where, utf8 }: { readonly where: string | undefined; readonly utf8: boolean },
): Promise<TableProfile> {
  try {
    const questions = openQuestions(utf8)
    const rows = questions.ask('count(*)')
    // outside the snapshot, what is looked at now may be another thing when it is read
    const settled = table.foreign
    const profiles = table.columns.map((column, index) => {
      const mapping = settled ? decideType(column.mapping, column.mapping.type) : column.mapping
      return { column, ...profileColumn({ ...column, mapping }, index, level, questions) }
    })
    // the greatest of all numbers is none
    const greatest = native ? table.columns.flatMap((column) => greatestNumber(column, questions)) : []
    const longest = profileLongest(table, lengths, questions)
    await questions.answer(client, table, where)
    // arrays that turned out to be no lists; JSON is not made of those that are
    const more = openQuestions(utf8)
    for (const { decide, measureAs } of profiles) measureAs(decide(), more)
    await more.answer(client, table, where)
    const columns = emptyRecord<ColumnProof>()
    const types = emptyRecord<ColumnType>()
    const lossyConversions = emptyRecord<LossyConversion>()
    for (const { column, decide, proofOf, lost } of profiles) {
      const type = decide()
      types[column.name] = type
      if (level !== 'counts') columns[column.name] = proofOf(type)
      if (lost && column.storeAs) lossyConversions[column.name] = { choice: column.storeAs, values: Number(lost()) }
    }
    const notNumbers = greatest.flatMap(({ name, max }) => (max() === 'NaN' ? [name] : []))
    const proof = { rows: Number(rows()), columns }
    const found = longest()
    const others = { types, lossyConversions, notNumbers, ...(found ? { longest: found } : {}) }
    if (level !== 'hash') return { proof, ...others }
    const decided = table.columns.map((column) => ({
      ...column,
      mapping: decideType(column.mapping, types[column.name] ?? column.type),
    }))
    const hash = await hashRows(client, { ...table, columns: decided }, { where, utf8 })
    return { proof: { ...proof, hash }, ...others }
  } catch (error) {
    throw sourceFailure(error, { table })
  }
}

function greatestNumber(column: PgColumn, questions: Questions): { readonly name: string; readonly max: Answer }[] {
  if (!column.mapping.type.startsWith('DECIMAL') || column.mapping.element) return []
  const { value, ask } = questions.rows(column.mapping.value(`t.${quoteIdentifier(column.name)}`))
  return [{ name: column.name, max: ask('max', value) }]
}

interface ColumnProfile {
  decide(): ColumnType
  /** Asks what was not asked before, should the column be of this type. */
  measureAs(type: ColumnType, questions: Questions): void
  /** What was measured, for the type that was decided. */
  proofOf(type: ColumnType): ColumnProof
  /** How many values are stored inexactly, where something was chosen that may do so. */
  readonly lost: Answer | null
}

function profileColumn(column: PgColumn, index: number, level: ProofLevel, questions: Questions): ColumnProfile {
  const { mapping } = column
  const name = `t.${quoteIdentifier(column.name)}`
  const lost = mapping.lossy ? questions.rows(name).ask('count', '*', { filter: mapping.lossy(name) }) : null
  const decide = profileType(mapping, name, index, column.minimumType, questions)
  const measured = new Map<string, Map<Measure, Answer>>()
  for (const candidate of level === 'counts' ? [] : candidates(mapping, column.minimumType))
    measured.set(kind(candidate.type), measure(candidate, name, index, questions))
  return {
    decide,
    lost,
    measureAs(type, later) {
      if (level === 'counts' || measured.has(kind(type))) return
      measured.set(kind(type), measure(decideType(mapping, type), name, index, later))
    },
    proofOf(type) {
      const answers = [...(measured.get(kind(type)) ?? [])]
      return Object.fromEntries(answers.map(([what, answer]) => [what, answer()]))
    },
  }
}

/** Types that are measured alike. */
function kind(type: ColumnType): string {
  return type.replace(/\(.*\)/, '')
}

/** The mappings that an inferred column will probably end with, arrays as lists; precision and scale are no matter here. */
function candidates(mapping: TypeMapping, minimumType?: ColumnType): TypeMapping[] {
  if (mapping.inferred === undefined || minimumType === 'JSON') return [mapping]
  if (mapping.inferred === 'scale') return [mapping, decideType(mapping, WIDEST)]
  const elements = candidates(mapping.element as TypeMapping)
  return elements.map(({ type }) => decideType(mapping, `${type as ScalarType}[]`))
}

function profileType(
  mapping: TypeMapping,
  name: string,
  index: number,
  minimumType: ColumnType | undefined,
  questions: Questions,
): () => ColumnType {
  if (mapping.inferred === 'scale') return profileScale(questions.rows(mapping.value(name)), minimumType)
  if (mapping.inferred !== 'shape') return () => mapping.type
  const element = mapping.element as TypeMapping
  const filter = `pg_catalog.array_ndims(${name}) > 1 OR pg_catalog.array_lower(${name}, 1) <> 1`
  const misshapen = questions.rows(name).ask('count', '*', { filter })
  const minimumElement = minimumType === undefined ? undefined : (elementType(minimumType) ?? undefined)
  const decideElement =
    element.inferred === 'scale'
      ? profileScale(questions.elements(name, index, element), minimumElement)
      : () => element.type
  return () => {
    if (misshapen() !== '0' || minimumType === 'JSON') return 'JSON'
    return `${decideElement() as ScalarType}[]`
  }
}

/** Whether numbers fit a DECIMAL(38,s), and the s that takes all of them. */
function profileScale({ value, ask }: Scope, minimumType: ColumnType | undefined): () => ColumnType {
  const finite = isFiniteNumber(value)
  const special = ask('count', '*', { filter: `NOT (${finite})` })
  const scale = ask('max', `pg_catalog.min_scale(${value})`)
  const whole = ask('max', `pg_catalog.abs(pg_catalog.trunc(${value}))`, { filter: finite })
  return () => {
    const before = Number(/^DECIMAL\(38,(\d+)\)$/.exec(minimumType ?? '')?.[1] ?? 0)
    const behind = Math.max(Number(scale() ?? 0), before)
    const ahead = (whole() ?? '0').replace(/^0$/, '').length
    return special() !== '0' || minimumType === 'VARCHAR' || ahead + behind > 38 ? 'VARCHAR' : `DECIMAL(38,${behind})`
  }
}

function measure(mapping: TypeMapping, name: string, index: number, questions: Questions): Map<Measure, Answer> {
  const rows = questions.rows(mapping.value(name))
  const element = elementType(mapping.type)
  const scope = element === null ? rows : questions.elements(rows.value, index, mapping.element as TypeMapping)
  const of = element === null ? mapping : (mapping.element as TypeMapping)
  // no JSON is made of it to see whether there is some
  const present = mapping.type === 'JSON' ? name : rows.value
  return new Map(
    measuresOf(mapping.type).map((what): [Measure, Answer] => [
      what,
      what === 'values' ? rows.ask('count', present) : measureValues(what, of, scope, questions.utf8),
    ]),
  )
}

/** What a numeric without precision may end as. */
const WIDEST = 'DECIMAL(38,0)'

function measureValues(what: Measure, mapping: TypeMapping, { value, ask }: Scope, utf8: boolean): Answer {
  const { type } = mapping
  const finite = finiteCondition(type, value)
  switch (what) {
    case 'values':
    case 'filled':
      return ask('count', value)
    case 'elements':
      return ask('count', '*')
    case 'sum':
      // there is no sum of oid, and one of numbers that no DECIMAL takes may be beyond what Postgres takes
      return ask('sum', type === 'UINTEGER' ? `${value}::pg_catalog.int8` : value, {
        filter: type === WIDEST ? `pg_catalog.abs(${value}) < 1e38` : undefined,
      })
    case 'min':
    case 'max':
      return ask(what, value, { filter: finite, wrap: (aggregate) => toNumber(type, aggregate) })
    case 'nan':
      return ask('count', '*', { filter: `${value} = 'NaN'` })
    case 'infinite':
      return ask('count', '*', { filter: `NOT (${finite})${isFloat(type) ? ` AND ${value} <> 'NaN'` : ''}` })
    case 'true':
      return ask('count', '*', { filter: value })
    case 'bytes':
      return ask('sum', bytesOf(mapping, value, utf8), { wrap: (aggregate) => `coalesce(${aggregate}, 0)` })
  }
}

/** The length of the text that travels: of the output function, not of a cast, which changes some. */
function bytesOf({ plainText, type, utf8: bytes }: TypeMapping, value: string, utf8: boolean): string {
  if (type === 'BLOB' || bytes) return `octet_length(${value})`
  if (!utf8) return `octet_length(convert_to(format('%s', ${value}), 'UTF8'))`
  return plainText ? `octet_length(${value})` : `octet_length(format('%s', ${value}))`
}
