import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beginSnapshot, listTables, mapType, type TypeMapping } from '@dwh/extract-postgres'
import { testDatabase, withClient } from '@dwh/test-kit'
import { test } from 'vitest'
import { expectPage, ROOT } from './pages.ts'

const PAGE = join(ROOT, 'docs/types.md')
const BEGIN = '<!-- types: made from the code by tools/repo/docs/src/types.test.ts -->\n'
const END = '<!-- /types -->'

/** The name to show for types with a precision and for user-defined types. */
const DECLARED = [
  'numeric(p,s)',
  'numeric(3,-2)',
  'numeric(2,5)',
  'numeric(39,1)',
  'numeric',
  'an enum',
  'a composite',
  'a domain over int4',
  'citext',
  'hstore',
  'ltree',
  'int4[]',
  'text[]',
  'numeric[]',
  'timetz[]',
  'arrays of a composite',
]
const SQL: Readonly<Record<string, string>> = {
  'numeric(p,s)': 'numeric(10,2)',
  'an enum': 'mood',
  'a composite': 'pair',
  'a domain over int4': 'whole',
  'arrays of a composite': 'pair[]',
}
const SETUP = `CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE pair AS (a int, b int);
  CREATE DOMAIN whole AS int4`

/** Types that no column can have, and types that only missing extensions have. */
const NOT_LISTED = `'pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'gtsvector', 'numeric'`
const OF_EXTENSIONS = [
  ['PostGIS geometry', 'postgis', 'geometry'],
  ['PostGIS geography', 'postgis', 'geography'],
  ['pgvector vector', 'vector', 'vector'],
  ['pgvector halfvec', 'vector', 'halfvec'],
] as const

/** Lists every type of a real server's catalog and its mapping. `DOCS=write` updates the page. */
test('docs/types.md: lists every type as the code maps it', async () => {
  const rows = new Map<string, { names: string[]; cells: string[] }>()
  for (const [name, mapping] of await mappings()) {
    const cells = [becomes(mapping), verdict(mapping), allowedTypes(mapping), mapping.binary ? 'yes' : 'as text']
    const row = rows.get(cells.join()) ?? { names: [], cells }
    row.names.push(name)
    rows.set(cells.join(), row)
  }
  const header = ['Postgres', 'in the warehouse', 'verdict', 'may be stored as', 'DuckDB reads it itself']
  // the row of types without special rules is the longest and comes last
  const ordered = [...rows.values()].sort((a, b) => Number(isRest(a.cells)) - Number(isRest(b.cells)))
  const lines = ordered.map(({ names, cells }) => [
    `${isRest(cells) ? 'all others: ' : ''}${names.join(', ')}`,
    ...cells,
  ])
  const table = alignTable([header, ...lines])
  const page = await readFile(PAGE, 'utf8')
  const [before, rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  expectPage('docs/types.md', `${before}${BEGIN}\n${table}\n\n${END}${after}`)
})

async function mappings(): Promise<[string, TypeMapping][]> {
  const database = await testDatabase(SETUP)
  const { rows } = await database.query(`SELECT typname AS name FROM pg_type
    WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A' AND typname NOT IN (${NOT_LISTED}) ORDER BY oid`)
  const names = [...rows.map(({ name }) => (name === 'char' ? '"char"' : name)), ...DECLARED]
  await database.query(`CREATE TABLE t (${names.map((name, i) => `c${i} ${SQL[name] ?? name}`).join(', ')})`)
  const [table] = await withClient(database.url, async (client) => {
    await beginSnapshot(client)
    return (await listTables(client)).filter(({ name }) => name === 't')
  })
  const found = (table?.columns ?? []).map(({ mapping }, i): [string, TypeMapping] => [names[i] ?? '', mapping])
  const others = OF_EXTENSIONS.map(([shown, extension, name]): [string, TypeMapping] => [
    shown,
    mapType({
      oid: 20_000,
      name,
      schema: 'public',
      modifier: -1,
      moneyDigits: 2,
      kind: 'b',
      extension,
      delimiter: ',',
      element: null,
      fields: null,
    }),
  ])
  return [...found, ...others]
}

function becomes({ type, inferred, element }: TypeMapping): string {
  if (inferred === 'scale') return 'DECIMAL(38,s) where all values fit, else VARCHAR'
  if (inferred === 'shape')
    return `${element?.inferred ? 'DECIMAL(38,s)' : element?.type}[] where all arrays are lists, else JSON`
  return type
}

function verdict({ type, verdict: found, inferred, element }: TypeMapping): string {
  if (inferred === 'scale') return 'exact, or text'
  if (element) return element.verdict
  if (type.startsWith('DECIMAL')) return 'exact; NaN is refused'
  return type.startsWith('TIMESTAMP') ? 'exact; beyond January 294247 refused' : found
}

const isRest = (cells: readonly string[]) => cells.join() === 'VARCHAR,text,,as text'

const allowedTypes = (mapping: TypeMapping) => Object.keys(mapping.allowedTypes).join(', ')

/** Aligns a table as the project's formatter does. */
function alignTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const [header = [], ...body] = rows
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
