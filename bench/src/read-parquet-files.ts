import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet'

export interface ParquetFiles {
  readonly rows: Readonly<Record<string, number>>
  readonly bytes: number
}

/**
 * Counts the rows of each table, from the footers of all Parquet files below a folder: `t.parquet`,
 * `t/2026/11/21.parquet`, `any/t/part-0.parquet`. Counts a file with several names once.
 */
export async function readParquetFiles(folder: string, tables: readonly string[]): Promise<ParquetFiles> {
  const rows: Record<string, number> = Object.fromEntries(tables.map((table) => [table, 0]))
  const seen = new Set<number>()
  let bytes = 0
  for (const path of await readdir(folder, { recursive: true })) {
    if (!path.endsWith('.parquet')) continue
    const table = path
      .slice(0, -'.parquet'.length)
      .split('/')
      .find((part) => part in rows)
    if (table === undefined) continue
    const file = join(folder, path)
    const { size, ino } = await stat(file)
    if (size === 0 || seen.has(ino)) continue
    seen.add(ino)
    const { num_rows } = await parquetMetadataAsync(await asyncBufferFromFile(file))
    rows[table] = (rows[table] ?? 0) + Number(num_rows)
    bytes += size
  }
  return { rows, bytes }
}
