import {
  DEFAULT_SCHEMA,
  formatCount,
  parseTableName,
  printable,
  quoteIdentifier,
  sizeOfFiles,
  type TableEntry,
} from '@dwh/core'

/**
 * Returns a `CREATE TABLE` statement for DuckDB with a table's columns, its key, and the columns' types in the source.
 */
export function tableDdl(table: string, entry: TableEntry): string {
  const { source, columns, files } = entry
  const { schema, name } = parseTableName(table)
  const { rows } = sizeOfFiles(files)
  const title = `-- ${formatCount(rows)} rows of ${entry.date}, from ${source.schema}.${source.table}`
  const key = entry.primary_key.map(identifier).join(', ')
  const definitions = [
    ...columns.map((column) => ({
      left: identifier(column.name),
      right: `${column.type}${column.nullable ? '' : ' NOT NULL'}`,
      comment: column.source_type,
    })),
    ...(key === '' ? [] : [{ left: `PRIMARY KEY (${key})`, right: '', comment: null }]),
  ]
  const widest = Math.max(0, ...columns.map((column) => identifier(column.name).length))
  const texts = definitions.map(({ left, right }, i) => {
    const comma = i < definitions.length - 1 ? ',' : ''
    return right === '' ? `  ${left}${comma}` : `  ${left.padEnd(widest)} ${right}${comma}`
  })
  const commented = definitions.flatMap(({ comment }, i) => (comment === null ? [] : [texts[i]?.length ?? 0]))
  const lines = definitions.map(({ comment }, i) =>
    comment === null ? texts[i] : `${texts[i]?.padEnd(Math.max(...commented))}  -- ${printable(comment)}`,
  )
  const place = schema === DEFAULT_SCHEMA ? identifier(name) : `${identifier(schema)}.${identifier(name)}`
  return [printable(title), `CREATE TABLE ${place} (`, ...lines, ');', ''].join('\n')
}

/** Quotes a name only where DuckDB needs it: people read this. */
function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : quoteIdentifier(name)
}

/** Keywords also where DuckDB expects a name: `reserved` and `type_function` of `duckdb_keywords()`. */
const RESERVED: ReadonlySet<string> = new Set(
  [
    'all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check',
    'collate collation column columns concurrently constraint create cross default deferrable desc describe',
    'distinct do else end except false fetch for foreign freeze from full generated glob group having ilike in',
    'initially inner intersect into is isnull join lambda lateral leading left like limit map natural not notnull',
    'null offset on only or order outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify',
    'references returning right select semi show similar some struct summarize symmetric table tablesample then to',
    'trailing true try_cast union unique unpack unpivot using variadic verbose when where window with',
  ].flatMap((line) => line.split(' ')),
)
