import { quoteIdentifier } from '@dwh/core'
import { isBuiltIn, isPlain, jsonForm } from './json-form.ts'
import { jsonTextSql } from './json-text-sql.ts'
import { arrayTexts, elementTexts, filledText, outputText } from './output-text.ts'
import type { PgType } from './pg-type.ts'

/*
 * In these expressions a value is a path, such as `"column"` or `(u.e)."field"`. It stands either outside the FROM of a
 * subquery or inside a subquery without FROM. So no alias hides a column, whatever its name.
 */

/** Returns the SQL expression, of type json, for a value of any type: the result of `to_json` without casts. */
export function jsonSql(type: PgType, value: string): string {
  if (isPlain(type)) return `pg_catalog.to_json(${value})`
  if (type.element) return arraySql(type.element, type, value)
  if (type.fields === null) return leafJson(type, value)
  // a subquery, since a row of expressions has no field names
  const fields = type.fields.map(
    ({ name, type: of }) => `${fieldSql(of, `(${value}).${quoteIdentifier(name)}`)} AS ${quoteIdentifier(name)}`,
  )
  return `CASE WHEN ${value} IS DISTINCT FROM NULL THEN (SELECT pg_catalog.to_json(r.*) FROM (SELECT ${fields.join(', ')}) AS r) END`
}

function arraySql(element: PgType, type: PgType, array: string): string {
  // keeps the dimensions
  if (isText(element) && element.delimiter === ',') return `pg_catalog.to_json(${arrayTexts(array)})`
  const list = `pg_catalog.to_json(${elementTexts(array, (e) => fieldSql(element, e))})`
  const nested = `${jsonTextSql(type, array)}::pg_catalog.json`
  return `CASE WHEN pg_catalog.array_ndims(${array}) > 1 THEN ${nested} WHEN ${array} IS NOT NULL THEN ${list} END`
}

const isText = (type: PgType): boolean => !type.element && !type.fields && jsonForm(type) === 'text'

/** A value that `to_json` converts correctly: a built-in type, or JSON already. */
function fieldSql(type: PgType, value: string): string {
  if (isPlain(type)) return value
  return isText(type) ? outputText(value) : jsonSql(type, value)
}

function leafJson(type: PgType, value: string): string {
  switch (jsonForm(type)) {
    case 'money':
      return `pg_catalog.to_json(${value}::pg_catalog.numeric)`
    case 'object':
      return `${quoteIdentifier(type.schema)}.hstore_to_json(${value})`
    case 'vector':
      // its output is a JSON array
      return `${filledText(value)}::pg_catalog.json`
    default:
      return `pg_catalog.to_json(${isBuiltIn(type) && isPlain(type) ? value : outputText(value)})`
  }
}
