import { DEFAULT_SCHEMA, DwhError, parseTableName } from '@dwh/core'

/** DuckDB allows no views in these schemas. */
const RESERVED_SCHEMAS = ['information_schema', 'pg_catalog']

interface NamedTable {
  readonly name: string
  readonly from: string
  readonly asked: boolean
}

/**
 * Refuses names that one warehouse cannot hold together: the same name twice; tables that differ in case or Unicode
 * form only (one view in DuckDB, one folder on many file systems); a table of schema `main` beside one of `public`,
 * which is `main` in DuckDB.
 * `tables` gives, for each name in the warehouse, where it comes from; a conflict between two tables that this run does
 * not read is ignored.
 * @throws DwhError NAME_CONFLICT, with the setting that resolves it
 */
export function checkTableNames(tables: readonly NamedTable[]): void {
  const seen = new Map<string, NamedTable[]>()
  for (const table of tables) {
    const { schema, name } = parseTableName(table.name)
    if (table.asked && RESERVED_SCHEMAS.includes(schema.toLowerCase())) {
      throw new DwhError('NAME_CONFLICT', `${table.from}: DuckDB reserves the schema ${schema}`, {
        hint: `Give it another name: tables: { ${JSON.stringify(table.from)}: { name: ... } }.`,
      })
    }
    const key = [schema === DEFAULT_SCHEMA ? 'main' : schema, name]
      .map((part) => part.normalize('NFC').toLowerCase())
      .join('\0')
    const others = seen.get(key) ?? []
    const other = others.find(({ asked }) => asked || table.asked)
    if (other) {
      const same = other.name === table.name ? `would both be ${table.name}` : 'would be one table in the warehouse'
      throw new DwhError('NAME_CONFLICT', `${other.from} and ${table.from} ${same}`, {
        hint: `Names are compared without case. Give one of them another name: tables: { ${JSON.stringify(table.from)}: { name: ... } }, or exclude it.`,
      })
    }
    seen.set(key, [...others, table])
  }
}

/**
 * Refuses columns that DuckDB would rename: it compares ASCII letters without case, all others exactly.
 * @throws DwhError NAME_CONFLICT, with the setting that resolves it
 */
export function checkColumnNames(table: string, columns: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const column of columns) {
    const key = column.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    const other = seen.get(key)
    if (other !== undefined) {
      throw new DwhError(
        'NAME_CONFLICT',
        `${table}: columns ${JSON.stringify(other)} and ${JSON.stringify(column)} differ in case only`,
        {
          hint: `Rename or leave out one of them: tables: { ${JSON.stringify(table)}: { columns: { rename: { ${JSON.stringify(column)}: ${JSON.stringify(`${column}_2`)} } } } }.`,
        },
      )
    }
    seen.set(key, column)
  }
}
