import { type TestDatabase, withClient } from './test-database.ts'

/**
 * Leaves a `DETACH PARTITION ... CONCURRENTLY` half done, as if it was cancelled while it waited for a reader of the
 * parent.
 */
export async function detachHalfway(database: TestDatabase, parent: string, partition: string): Promise<void> {
  await withClient(database.url, async (reader) => {
    await reader.query(`BEGIN; LOCK TABLE ${parent} IN ACCESS SHARE MODE`)
    const detaching = withClient(database.url, (client) =>
      client.query(`ALTER TABLE ${parent} DETACH PARTITION ${partition} CONCURRENTLY`),
    ).catch((error) => error.code)
    const waiting = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE query LIKE 'ALTER TABLE % CONCURRENTLY' AND wait_event_type = 'Lock' AND datname = current_database()`
    let canceled: number | null = 0
    while (!canceled) canceled = (await database.query(waiting)).rowCount
    if ((await detaching) !== '57014') throw new Error(`${partition}: its DETACH was not cancelled`)
  })
}
