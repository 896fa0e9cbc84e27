import { type ColumnType, quoteIdentifier, sizeOfFiles, type TableEntry } from '@dwh/core'
import type { ParquetColumn, ParquetWriter } from '@dwh/parquet-writer'
import { selectFiles } from '@dwh/query'

export interface MergeOptions {
  /** The files of the entry, on this machine, in their order. */
  readonly paths: readonly string[]
  /** The merged file; no file may be there. */
  readonly to: string
  readonly writer: Pick<ParquetWriter, 'write'>
  readonly signal: AbortSignal
}

/**
 * Writes the rows of all files of a table into one, with the names, types and field ids of its columns. DuckDB reads
 * and writes; memory is bounded by that of the writer.
 * @throws DwhError PROOF_FAILED if the files do not have the rows that the entry says, WRITE_FAILED, ABORTED
 */
export async function mergeFiles(entry: TableEntry, { paths, to, writer, signal }: MergeOptions): Promise<void> {
  const columns = entry.columns.map(
    ({ name, type, id, element_id }): ParquetColumn => ({
      name,
      // the writer checks it
      type: type as ColumnType,
      ...(id === undefined ? {} : { id }),
      ...(element_id === undefined ? {} : { elementId: element_id }),
    }),
  )
  const cells = columns.map(({ name }, i) => `${quoteIdentifier(name)} AS c${i}`)
  await writer.write({
    path: to,
    columns,
    data: {
      native: (work) =>
        work({
          extension: 'parquet',
          setup: [],
          query: `SELECT ${cells.join(', ')} FROM (${selectFiles(entry, paths)})`,
          asText: columns.map(() => false),
          teardown: [],
        }),
      sent: () => sizeOfFiles(entry.files).rows,
    },
    signal,
  })
}
