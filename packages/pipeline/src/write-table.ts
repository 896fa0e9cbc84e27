import {
  type ColumnEntry,
  DwhError,
  encodingOf,
  formatTableName,
  isDwhError,
  type OnEvent,
  own,
  type StoreAs,
  type TableProfile,
} from '@dwh/core'
import { DEFAULT_MAX_ROW_BYTES, type ParquetWriter, type WrittenParquet } from '@dwh/parquet-writer'
import type { ChosenMethod, ExtractionMethods } from './choose-method.ts'
import type { TablePlan } from './plan-run.ts'
import { columnEntries } from './table-entry.ts'

export interface WriteTableOptions {
  readonly writer: ParquetWriter
  readonly methods: ExtractionMethods
  readonly path: string
  /** Key and value pairs for the file's footer. */
  readonly metadata: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: OnEvent | undefined
}

export interface WrittenTable extends ChosenMethod {
  readonly written: WrittenParquet
}

/** More than the text of any row of Postgres, which is limited to 1 GiB. */
const MAX_ROW_BYTES = 2 * 1024 * 1024 * 1024

/** Rounds up to a power of two, so that a slightly longer row fits too. */
function roomFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes))
}

/** Bytes of text that the profile counted; undefined if it did not count. */
function countedBytes(profile: TableProfile | null): number | undefined {
  const measured = Object.entries(profile?.proof.columns ?? {}).flatMap(([name, { bytes }]) =>
    bytes ? [(profile && own(profile.types, name) === 'BLOB' ? 2 : 1) * Number(bytes)] : [],
  )
  return measured.length === 0 ? undefined : measured.reduce((sum, bytes) => sum + bytes, 0)
}

/**
 * Writes a table. If an extraction method fails, it uses the next one; if a row is longer than expected, it retries
 * with a larger limit.
 */
export async function writeTable(
  table: TablePlan,
  profile: TableProfile | null,
  chosen: ChosenMethod,
  { writer, methods, path, metadata, signal, onEvent }: WriteTableOptions,
): Promise<WrittenTable> {
  let through = chosen
  const longest = profile?.longest?.rowBytes ?? 0
  // each cell needs a few bytes besides its text
  let maxRowBytes = longest > DEFAULT_MAX_ROW_BYTES ? roomFor(longest + 4 * table.columns.length) : 0
  const entries = columnEntries(table)
  for (;;) {
    try {
      const { data, ...open } = await methods.open(through, table, profile, signal)
      const written = await writer.write({
        path,
        columns: table.columns.map(({ as, type, storeAs }, index) => ({
          name: as,
          type,
          ...idsOf(entries[index]),
          ...(encodingOf(storeAs) === null ? {} : { utf8Bytes: true }),
        })),
        data,
        metadata,
        key: table.primaryKey,
        signal,
        onProgress: (progress) => onEvent?.({ type: 'table-progress', table: table.name, ...progress }),
        textBytes: countedBytes(profile),
        ...(maxRowBytes === 0 ? {} : { maxRowBytes }),
      })
      return { ...open, written }
    } catch (error) {
      const next = methods.after(through, error)
      const needed = isDwhError(error, 'ROW_TOO_LARGE') ? Number(error.context.bytes) : Number.POSITIVE_INFINITY
      if (next !== null) through = next
      else if (needed <= MAX_ROW_BYTES && needed > maxRowBytes) maxRowBytes = roomFor(needed)
      else throw withPlace(withChoices(error, table), table)
    }
  }
}

function idsOf({ id, element_id }: Partial<ColumnEntry> = {}) {
  return { ...(id === undefined ? {} : { id }), ...(element_id === undefined ? {} : { elementId: element_id }) }
}

/** What each choice means, for a hint. */
export const CHOICE_MEANING: Readonly<Record<string, string>> = {
  text: 'text (exact, as the source prints it)',
  iso8601: 'iso8601 (exact, as text)',
  json: 'json (exact, as JSON text)',
  double: 'double (the nearest value; changed values are counted)',
  nullify: 'nullify (NULL instead, counted)',
  bytes: 'bytes (as stored in the source)',
}

/** Adds a hint to the error of a row above the limit. */
function withPlace(error: unknown, { table }: TablePlan): unknown {
  if (!isDwhError(error, 'ROW_TOO_LARGE')) return error
  return new DwhError('ROW_TOO_LARGE', error.message, {
    cause: error,
    hint: `Leave out a column of table ${formatTableName(table)} (columns.exclude), or such rows (where).`,
    context: error.context,
  })
}

/** Adds the settings that would accept a refused value to its error. */
function withChoices(error: unknown, { table, columns }: TablePlan): unknown {
  // an error of the source has its own hint
  if (!isDwhError(error, 'VALUE_REFUSED') || error.context.sqlstate !== undefined) return error
  const column = columns.find(({ as }) => as === error.context.column)
  const choices = Object.keys(column?.allowedTypes ?? {}) as StoreAs[]
  if (!column || choices.length === 0) return error
  const list = choices.map((choice) => CHOICE_MEANING[choice]).join(', or ')
  return new DwhError('VALUE_REFUSED', error.message, {
    cause: error,
    hint: `Nothing was changed to make it fit. To store it anyway, set columns.types.${column.name} of table ${formatTableName(table)}: ${list}. Or correct it at its source.`,
    context: error.context,
  })
}
