import { quoteIdentifier, quoteLiteral } from '@dwh/core'
import { jsonForm } from './json-form.ts'
import { isFiniteNumber } from './number-line.ts'
import { elementTexts, filledText, outputText } from './output-text.ts'
import type { PgType } from './pg-type.ts'

/**
 * Builds the same text as `jsonSql`, piece by piece from the output functions of the innermost types. The proof
 * compares what was sent with this text: no cast and no conversion of a container takes part, so it differs if one of
 * them changed a value. NULL for NULL. See `jsonSql` for where a value may stand.
 */
export function jsonTextSql(type: PgType, value: string): string {
  if (type.element) return arrayText(type.element, value)
  if (type.fields === null) return leafText(type, value)
  const fields = type.fields.map(({ name, type: of }, index) => {
    const before = `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`
    return `${quoteLiteral(before)} || ${orNull(jsonTextSql(of, `(${value}).${quoteIdentifier(name)}`))} || `
  })
  const text = fields.length === 0 ? `'{}'` : `${fields.join('')}'}'`
  return `CASE WHEN ${value} IS DISTINCT FROM NULL THEN ${text} END`
}

const orNull = (text: string) => `coalesce(${text}, 'null')`

function arrayText(element: PgType, array: string): string {
  const texts = elementTexts(array, (e) => orNull(jsonTextSql(element, e)))
  const list = `'[' || pg_catalog.array_to_string(a.texts, ',') || ']'`
  return `(SELECT CASE WHEN pg_catalog.array_ndims(a.whole) > 1 THEN ${NESTED} WHEN a.whole IS NOT NULL THEN ${list} END
    FROM (SELECT ${array} AS whole, ${texts} AS texts) AS a)`
}

/** The texts of all elements, between the brackets and commas that Postgres writes for an array of these dimensions. */
const NESTED = `(SELECT pg_catalog.string_agg(p.before || coalesce(p.text, ''), '' ORDER BY p.n) FROM ROWS FROM (
    pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.translate(pg_catalog.format('%s', pg_catalog.array_fill('x'::pg_catalog.text, ARRAY(
      SELECT pg_catalog.array_length(a.whole, d) FROM pg_catalog.generate_series(1, pg_catalog.array_ndims(a.whole)) AS d))), '{}', '[]'), 'x')),
    pg_catalog.unnest(a.texts)) WITH ORDINALITY AS p (before, text, n))`

function leafText(type: PgType, value: string): string {
  switch (jsonForm(type)) {
    case 'boolean':
      return `CASE WHEN ${value} THEN 'true' WHEN NOT ${value} THEN 'false' END`
    case 'number':
      return numberText(type, value)
    case 'money':
      return filledText(`${value}::pg_catalog.numeric`)
    case 'moment':
      return filledText(`pg_catalog.to_json(${value})`)
    case 'document':
    case 'vector':
      return filledText(value)
    case 'object':
      return objectText(type, value)
    case 'text':
      return quoted(outputText(value))
  }
}

/** A text as a JSON string. */
const quoted = (text: string) => filledText(`pg_catalog.to_json(${text})`)

/** JSON has no NaN and no infinity. */
function numberText(type: PgType, value: string): string {
  const text = filledText(value)
  if (/^int/.test(type.name)) return text
  return `CASE WHEN ${isFiniteNumber(value)} THEN ${text} ELSE '"' || ${text} || '"' END`
}

function objectText({ schema }: PgType, value: string): string {
  const of = (part: string) => `${quoteIdentifier(schema)}.${part}(${value})`
  const pairs = `SELECT ${of('skeys')} AS key, ${of('svals')} AS value`
  const text = `pg_catalog.string_agg(${quoted('p.key')} || ': ' || ${orNull(quoted('p.value'))}, ', ')`
  return `CASE WHEN ${value} IS NOT NULL THEN (SELECT '{' || coalesce(${text}, '') || '}' FROM (${pairs}) AS p) END`
}
