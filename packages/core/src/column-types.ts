import type { ScalarType } from './column-type.ts'
import type { Measure } from './measure.ts'

/** The properties of a type. All code that distinguishes types reads them here. */
export interface ColumnTypeRow {
  /**
   * The kind of its values. Types of one kind are measured, hashed and cast alike. `decimal` and `float` are numbers.
   * `float`, `day` and `moment` have values off the number line (NaN, infinities). `text`, `json` and `bytes` may hold
   * anything and have any length. `id` is a short text with a fixed form.
   */
  readonly kind: 'truth' | 'whole' | 'decimal' | 'float' | 'text' | 'json' | 'bytes' | 'id' | 'day' | 'time' | 'moment'
  /**
   * The measures of a column of this type, taken by the source and of the file. Floats have no `sum`: it depends on
   * the order of the rows.
   */
  readonly measures: readonly Measure[]
  /**
   * The text forms that a program may give for a value. DuckDB's own casts accept more than a warehouse may accept.
   */
  readonly form: (type: ScalarType) => RegExp
  /**
   * Returns DuckDB's expression for the value of a text: NULL when the text is not a value of the type. Absent where
   * the text itself is the value. `text` is an SQL expression of type VARCHAR.
   */
  readonly cast?: (text: string, type: ScalarType) => string
}

const DAY = String.raw`\d{4,}-\d\d-\d\d`
const TIME = String.raw`\d\d:\d\d:\d\d(?:\.\d{1,6})?`
const ZONE = String.raw`(?:Z|[+-]\d\d(?::\d\d){0,2})`

const always = (form: RegExp) => () => form
const tryCast = (text: string, type: ScalarType) => `TRY_CAST(${text} AS ${type})`

const whole: ColumnTypeRow = {
  kind: 'whole',
  measures: ['values', 'sum', 'min', 'max'],
  form: always(/^-?\d+$/),
  cast: tryCast,
}

const float: ColumnTypeRow = {
  kind: 'float',
  measures: ['values', 'min', 'max', 'nan', 'infinite'],
  form: always(/^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/),
  cast: tryCast,
}

const decimal: ColumnTypeRow = {
  kind: 'decimal',
  measures: ['values', 'sum', 'min', 'max'],
  // digits beyond the scale must be zeros
  form: (type) => new RegExp(String.raw`^-?\d+(?:\.\d{0,${/,(\d+)\)$/.exec(type)?.[1]}}0*)?$`),
  cast: tryCast,
}

/**
 * DuckDB writes years before 1 as `0044-03-15 (BC)`, followed by the time. Without this conversion its cast reads
 * `0044-03-15 BC` as a year of our era.
 */
const moment = (form: string): ColumnTypeRow => ({
  kind: 'moment',
  measures: ['values', 'min', 'max', 'infinite'],
  form: always(new RegExp(`^(?:${form}(?: BC)?|-?infinity)$`)),
  cast(text, type) {
    const before = `regexp_replace(${text}, '^(\\S+)[ T](.*) BC$', '\\1 (BC) \\2')`
    return `CASE WHEN ends_with(${text}, ' BC') THEN ${tryCast(before, type)} ELSE ${tryCast(text, type)} END`
  },
})

const ROWS: Readonly<Record<string, ColumnTypeRow>> = {
  BOOLEAN: { kind: 'truth', measures: ['values', 'true'], form: always(/^(?:t|f|true|false)$/), cast: tryCast },
  SMALLINT: whole,
  INTEGER: whole,
  BIGINT: whole,
  UINTEGER: whole,
  FLOAT: float,
  DOUBLE: float,
  VARCHAR: { kind: 'text', measures: ['values', 'bytes'], form: always(/^/) },
  JSON: { kind: 'json', measures: ['values', 'bytes'], form: always(/^/), cast: tryCast },
  BLOB: {
    kind: 'bytes',
    measures: ['values', 'bytes'],
    form: always(/^\\x(?:[0-9A-Fa-f]{2})*$/),
    cast: (text) => `CASE WHEN starts_with(${text}, '\\x') THEN from_hex(substr(${text}, 3)) END`,
  },
  UUID: {
    kind: 'id',
    measures: ['values', 'bytes'],
    form: always(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i),
    cast: tryCast,
  },
  DATE: {
    kind: 'day',
    measures: ['values', 'min', 'max', 'infinite'],
    form: always(new RegExp(`^(?:${DAY}(?: BC)?|-?infinity)$`)),
    cast: (text, type) =>
      `CASE WHEN ends_with(${text}, ' BC') THEN ${tryCast(`replace(${text}, ' BC', ' (BC)')`, type)} ELSE ${tryCast(text, type)} END`,
  },
  TIME: { kind: 'time', measures: ['values', 'min', 'max'], form: always(new RegExp(`^${TIME}$`)), cast: tryCast },
  TIMESTAMP: moment(`${DAY}[ T]${TIME}`),
  'TIMESTAMP WITH TIME ZONE': moment(`${DAY}[ T]${TIME}${ZONE}`),
}

/** Returns the properties of a type. All DECIMAL types share one row. */
export function columnTypeRow(type: ScalarType): ColumnTypeRow {
  return ROWS[type] ?? decimal
}

/** True for a type with values off the number line: NaN, and the infinities of floats, days and moments. */
export function isContinuous(type: ScalarType): boolean {
  return ['float', 'day', 'moment'].includes(columnTypeRow(type).kind)
}

/** True for a type whose text may have any length and contain any character. */
export function isLongText(type: ScalarType): boolean {
  return ['text', 'json'].includes(columnTypeRow(type).kind)
}
