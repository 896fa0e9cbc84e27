import type pg from 'pg'
import { hangUp, within } from './within.ts'

const TIMEOUT_MS = 5_000

/**
 * Ends the sessions of one name at the server, over a connection of its own: a program that waits for the server inside libpq can be told in no other way. Best effort: where there is
 * no connection left, that program ends when the server has answered it.
 */
export async function endSessions(open: () => Promise<pg.Client>, applicationName: string): Promise<void> {
  try {
    const client = await open()
    try {
      const ended = client.query(
        'SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE application_name = $1',
        [applicationName],
      )
      await within(ended, TIMEOUT_MS, () => new Error('no answer'))
    } finally {
      hangUp(client)
    }
  } catch {
    // why the read has to end matters more than how soon
  }
}
