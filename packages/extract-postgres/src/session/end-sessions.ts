import type pg from 'pg'
import { hangUp, within } from './within.ts'

const TIMEOUT_MS = 5_000

/**
 * Ends all sessions with an application name, over a separate connection: a program that waits for the server inside
 * libpq cannot be stopped otherwise. Best effort: without a free connection, that program ends when the server has
 * answered it.
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
    // the reason why the read has to end is more important
  }
}
