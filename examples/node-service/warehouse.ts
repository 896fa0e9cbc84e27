import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { isDwhError, type RunEvent, type Source } from '@dwh/core'
import { readState } from '@dwh/metadata'
import { openParquetWriter } from '@dwh/parquet-writer'
import { runPipeline } from '@dwh/pipeline'
import { formatResult, localFiles, openSession, verifiedInMemory } from '@dwh/query'
import { localStore } from '@dwh/storage'

const store = localStore({ path: process.env.WAREHOUSE ?? 'warehouse' })
const verified = verifiedInMemory() // each file is hashed once in this process
const tempDirectory = tmpdir()

/** One run: the tables of all sources are published by one commit, or none is. */
export async function copyTables(sources: Record<string, Source>, signal: AbortSignal): Promise<string> {
  const writer = await openParquetWriter({ tempDirectory, memoryLimitBytes: 512 * 1024 * 1024 })
  try {
    const { record } = await runPipeline({
      store,
      sources: Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, { source }])),
      writer,
      tempDirectory,
      clock: () => new Date(),
      random: randomBytes,
      signal,
      onEvent: tell,
    })
    return `published ${record.run_id}, ${Object.keys(record.tables).length} tables`
  } catch (error) {
    if (!isDwhError(error)) throw error
    // whatever it was: nothing was published, and the warehouse is as it was
    if (error.code === 'CONFLICT') return 'another run is under way, or was quicker'
    if (error.code === 'ABORTED') return 'stopped'
    return `failed: ${error.code}: ${error.message}. ${error.hint ?? ''}`
  } finally {
    await writer.close()
  }
}

function tell(event: RunEvent): void {
  if (event.type === 'table-end') console.log(`${event.table}: ${event.rows} rows in ${event.durationMs} ms`)
  if (event.type === 'table-failed') console.log(`${event.table}: ${event.code}: ${event.message}`)
}

/** Asks the warehouse as the last run has left it; the answer is one JSON array for each statement. */
export async function ask(sql: string, signal: AbortSignal): Promise<string> {
  const { state } = await readState(store)
  const files = localFiles({ store, verified, readState: async () => (await readState(store)).state })
  const session = await openSession({ tables: state.tables, files, memoryLimitBytes: 256 * 1024 * 1024 })
  try {
    let text = ''
    for await (const result of session.query(sql, { signal })) {
      for await (const piece of formatResult(result, 'json')) text += piece
    }
    return text
  } finally {
    await session.close()
  }
}
