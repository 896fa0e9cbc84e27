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
 * Profiles a table by aggregates on the server, in one pass, or in several for a table with hundreds of columns or with
 * arrays that turn out not to be lists: number of rows, types of the inferred columns, cost of the chosen types, and,
 * for `columns`, the measures of `measuresOf`. Call it inside `beginSnapshot`, under the lock of the table: it then
 * describes the same rows as a read in the same snapshot.
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
    // outside the snapshot, the values may change between the profile and the read
    const fixedTypes = table.foreign
    const profiles = table.columns.map((column, index) => {
      const mapping = fixedTypes ? decideType(column.mapping, column.mapping.type) : column.mapping
      return { column, ...profileColumn({ ...column, mapping }, index, level, questions) }
    })
    // in Postgres NaN is greater than every number
    const greatest = native ? table.columns.flatMap((column) => greatestNumber(column, questions)) : []
    const longest = profileLongest(table, lengths, questions)
    await questions.answer(client, table, where)
    // arrays that are not lists; JSON is measured only for these
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
  /** Asks for the measures of this type, unless they were already asked for. */
  measureAs(type: ColumnType, questions: Questions): void
  /** The measures for the decided type. */
  proofOf(type: ColumnType): ColumnProof
  /** Number of values that are stored inexactly, if a type was chosen that may do so. */
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

/** Types with the same kind have the same measures. */
function kind(type: ColumnType): string {
  return type.replace(/\(.*\)/, '')
}

/** The mappings that an inferred column will probably get, arrays as lists; precision and scale do not matter here. */
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

/** Decides whether numbers fit a DECIMAL(38,s), and which s fits all of them. */
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
  // counting values does not need the JSON
  const present = mapping.type === 'JSON' ? name : rows.value
  return new Map(
    measuresOf(mapping.type).map((what): [Measure, Answer] => [
      what,
      what === 'values' ? rows.ask('count', present) : measureValues(what, of, scope, questions.utf8),
    ]),
  )
}

/** The type that a numeric without precision may get. */
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
      // oid has no sum; and a sum of numbers beyond DECIMAL may exceed the limits of Postgres
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

/** The length of the text that is sent: by the output function, not by a cast, which changes some values. */
function bytesOf({ plainText, type, utf8: bytes }: TypeMapping, value: string, utf8: boolean): string {
  if (type === 'BLOB' || bytes) return `octet_length(${value})`
  if (!utf8) return `octet_length(convert_to(format('%s', ${value}), 'UTF8'))`
  return plainText ? `octet_length(${value})` : `octet_length(format('%s', ${value}))`
}
