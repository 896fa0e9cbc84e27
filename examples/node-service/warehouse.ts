import { isDwhError, type RunEvent } from '@dwh/core'
import { formatResult, openWarehouse, type Warehouse } from '@dwh/warehouse'
import { ratesSource } from './rates-source.ts'

const { DATABASE_URL = '', RATES_URL = '', WAREHOUSE = 'warehouse' } = process.env

/**
 * Beside the Postgres of the settings, a source of our own. A bucket takes `storage: 's3://bucket/prefix'`, and
 * nothing else.
 */
export const warehouse: Warehouse = await openWarehouse(
  { source: DATABASE_URL, storage: WAREHOUSE, memory_limit: '512MiB' },
  { sources: { rates: { source: ratesSource(RATES_URL) } } },
)

/** One run: the tables of all sources are published by one commit, or none is. */
export async function copyTables(signal: AbortSignal): Promise<string> {
  try {
    const { record } = await warehouse.run({ signal, onEvent: tell })
    return `published ${record.run_id}, ${Object.keys(record.tables).length} tables`
  } catch (error) {
    if (!isDwhError(error)) throw error
    // whatever it was: nothing was published, and the warehouse is as it was
    if (error.code === 'CONFLICT') return 'another run is under way, or was quicker'
    if (error.code === 'ABORTED') return 'stopped'
    return `failed: ${error.code}: ${error.message}. ${error.hint ?? ''}`
  }
}

function tell(event: RunEvent): void {
  if (event.type === 'table-end') console.log(`${event.table}: ${event.rows} rows in ${event.durationMs} ms`)
  if (event.type === 'table-failed') console.log(`${event.table}: ${event.code}: ${event.message}`)
}

/** Asks the warehouse as the last run has left it: one JSON array for each statement; null before the first run. */
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
