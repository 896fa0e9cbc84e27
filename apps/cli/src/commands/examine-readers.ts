import { DwhError, didYouMean, READERS, type Reader } from '@dwh/core'
import { type MisreadColumn, misreadColumns, misreadingText, plural } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import { EXIT } from '../output/report-error.ts'
import { type CommonFlags, openForReading } from './shared.ts'

/** `dwh doctor --readers`: needs only `etl.json`. The exit code is 1 if a column cannot be read exactly. */
export async function examineReaders(
  names: readonly string[],
  flags: CommonFlags,
  context: CommandContext,
): Promise<void> {
  const asked = names.map(readerNamed)
  const { warehouse } = await openForReading(flags, context)
  const { readers: own = [] } = warehouse.config.selection
  const readers = asked.length > 0 ? asked : own.length > 0 ? own : READERS
  const { tables } = await warehouse.tables()
  const misread = misreadColumns(tables, readers)
  await context.stdout.write(
    flags.json
      ? `${JSON.stringify({ readers, columns: misread.map(asJson) }, null, 2)}\n`
      : asText(misread, readers, Object.keys(tables).length),
  )
  if (misread.some(({ certain }) => certain)) context.exitWith(EXIT.failed)
}

function readerNamed(name: string): Reader {
  const found = READERS.find((reader) => reader === name)
  if (found) return found
  throw new DwhError('CONFIG_INVALID', `--readers ${name}: not a known reader`, {
    hint: `Known readers: ${READERS.join(', ')}.${didYouMean(name, READERS)}`,
  })
}

function asText(misread: readonly MisreadColumn[], readers: readonly Reader[], tables: number): string {
  const lines = misread.map((each) => [`${each.table}.${each.column}`, each.type, remark(each)])
  const columns = new Set(misread.map(({ table, column }) => `${table}.${column}`)).size
  const by = readers.join(', ')
  if (columns === 0) return `Every column of ${plural(tables, 'table')} is read exactly by ${by}\n`
  const needed = [...new Set(misread.map(({ reader }) => reader))].join(', ')
  return `${alignColumns(lines)}\n${plural(columns, 'column')} of ${plural(tables, 'table')} not read exactly by ${by}
To store them so that they are: readers: [${needed}] in dwh.yaml, then dwh run. See docs/readers.md
`
}

function remark({ reader, gap, certain }: MisreadColumn): string {
  const text = misreadingText(reader, gap)
  return certain ? text : `${text}, if there is one: its values were only counted (verify: counts)`
}

function asJson({ gap, ...column }: MisreadColumn) {
  return { ...column, values: gap.values ?? 'all', misreading: gap.misreading }
}
