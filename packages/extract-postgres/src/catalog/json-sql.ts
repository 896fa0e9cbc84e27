import { quoteIdentifier } from '@dwh/core'
import { isBuiltIn, isPlain, jsonForm } from './json-form.ts'
import { jsonTextSql } from './json-text-sql.ts'
import { arrayTexts, elementTexts, filledText, outputText } from './output-text.ts'
import type { PgType } from './pg-type.ts'

/*
 * In the expressions here a value is written as a path, such as `"column"` or `(u.e)."field"`, and stands either outside of a subquery's FROM or inside one that has no FROM of its own. So no alias
 * of ours hides a column, whatever its name.
 */

/** The SQL expression, of type json, of a value of any type: what `to_json` would be if it followed no cast. */
export function jsonSql(type: PgType, value: string): string {
  if (isPlain(type)) return `pg_catalog.to_json(${value})`
  if (type.element) return arraySql(type.element, type, value)
  if (type.fields === null) return leafJson(type, value)
  // a subquery, since a row of expressions has no names
  const fields = type.fields.map(
    ({ name, type: of }) => `${fieldSql(of, `(${value}).${quoteIdentifier(name)}`)} AS ${quoteIdentifier(name)}`,
  )
  return `CASE WHEN ${value} IS DISTINCT FROM NULL THEN (SELECT pg_catalog.to_json(r.*) FROM (SELECT ${fields.join(', ')}) AS r) END`
}

function arraySql(element: PgType, type: PgType, array: string): string {
  // their dimensions come with them
  if (isText(element) && element.delimiter === ',') return `pg_catalog.to_json(${arrayTexts(array)})`
  const list = `pg_catalog.to_json(${elementTexts(array, (e) => fieldSql(element, e))})`
  const nested = `${jsonTextSql(type, array)}::pg_catalog.json`
  return `CASE WHEN pg_catalog.array_ndims(${array}) > 1 THEN ${nested} WHEN ${array} IS NOT NULL THEN ${list} END`
}

const isText = (type: PgType): boolean => !type.element && !type.fields && jsonForm(type) === 'text'

/** A value that `to_json` makes the right JSON of: one that is built in, or JSON already. */
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
      // it prints a JSON array
      return `${filledText(value)}::pg_catalog.json`
    default:
      return `pg_catalog.to_json(${isBuiltIn(type) && isPlain(type) ? value : outputText(value)})`
  }
}
