import { type ColumnEntry, DEFAULT_SCHEMA, parseTableName, quoteIdentifier, type TableEntry } from '@dwh/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { noteDay } from '../output/day-note.ts'
import { listTables } from '../output/listed-tables.ts'
import { AS_OF, type CommonFlags, openForReading } from './shared.ts'

const HELP = `
Prints the tables as CREATE TABLE statements of DuckDB: columns, types, keys, and beside them the types in Postgres. For a document, or for a language model that writes SQL. dwh tables shows sizes and files instead.

Examples:
  $ dwh schema                        all tables
  $ dwh schema orders "billing.*"     these tables
  $ dwh schema | duckdb empty.duckdb  empty tables of the same structure
  $ dwh schema orders --json | jq -r '.[].columns[].name'`

export function schemaCommand(context: CommandContext): Command {
  return new Command('schema')
    .description('print columns, types and keys as CREATE TABLE statements')
    .argument('[patterns...]', 'tables to print (default: all)')
    .option(...AS_OF)
    .addHelpText('after', HELP)
    .action(async (patterns: string[], _, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { asOf?: string }>()
      const { warehouse } = await openForReading(flags, context)
      const { tableDdl } = await import('@dwh/warehouse')
      const shown = await warehouse.tables(flags.asOf)
      noteDay(flags.asOf, shown, context)
      const listed = listTables(shown.tables, patterns)
      const sql = listed.map(({ name, entry }) => tableDdl(name, entry))
      await context.stdout.write(
        flags.json
          ? `${JSON.stringify(
              listed.map(({ name, entry }, i) => asJson(name, entry, sql[i] ?? '')),
              null,
              2,
            )}\n`
          : schemasSql(listed.map(({ name }) => name)) + sql.join('\n'),
      )
    })
}

/** The statements of the schemas come before those of their tables. */
function schemasSql(names: readonly string[]): string {
  const schemas = new Set(names.map((name) => parseTableName(name).schema))
  schemas.delete(DEFAULT_SCHEMA)
  const lines = [...schemas].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};\n`)
  return lines.length === 0 ? '' : `${lines.join('')}\n`
}

function asJson(name: string, { columns, primary_key }: TableEntry, sql: string) {
  const described = columns.map(({ name, type, nullable, source_type }: ColumnEntry) => ({
    ...{ name, type, nullable, source_type },
  }))
  return { name, columns: described, primary_key, sql }
}
