import { isDwhError, type RunEvent } from '@dwh/core'
import { formatResult, openWarehouse, type Warehouse } from '@dwh/warehouse'
import { ratesSource } from './rates-source.ts'

const { DATABASE_URL = '', RATES_URL = '', WAREHOUSE = 'warehouse' } = process.env

/**
 * Opens a warehouse with two sources: the Postgres of the settings, and our own. For a bucket, only change to
 * `storage: 's3://bucket/prefix'`.
 */
export const warehouse: Warehouse = await openWarehouse(
  { source: DATABASE_URL, storage: WAREHOUSE, memory_limit: '512MiB' },
  { sources: { rates: { source: ratesSource(RATES_URL) } } },
)

/** Runs the pipeline once: one commit publishes the tables of all sources, or nothing is published. */
export async function copyTables(signal: AbortSignal): Promise<string> {
  try {
    const { record } = await warehouse.run({ signal, onEvent: tell })
    return `published ${record.run_id}, ${Object.keys(record.tables).length} tables`
  } catch (error) {
    if (!isDwhError(error)) throw error
    // in every case nothing was published, and the warehouse is unchanged
    if (error.code === 'CONFLICT') return 'another run is in progress or published first'
    if (error.code === 'ABORTED') return 'stopped'
    return `failed: ${error.code}: ${error.message}. ${error.hint ?? ''}`
  }
}

function tell(event: RunEvent): void {
  if (event.type === 'table-end') console.log(`${event.table}: ${event.rows} rows in ${event.durationMs} ms`)
  if (event.type === 'table-failed') console.log(`${event.table}: ${event.code}: ${event.message}`)
}

/** Queries the tables of the last run: one JSON array for each statement; null before the first run. */
export async function ask(sql: string, signal: AbortSignal): Promise<string | null> {
  if ((await warehouse.state()).status === 'none') return null
  const session = await warehouse.session()
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
