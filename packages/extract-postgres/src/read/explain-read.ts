import { DwhError, isDwhError } from '@dwh/core'
import { foreignFailure, foreignServers } from '../catalog/foreign-servers.ts'
import type { PgTable } from '../catalog/list-tables.ts'
import type { Raised } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'
import { OF_THE_WAY } from '../session/postgres-errors.ts'
import { findLongestRow } from './find-longest-row.ts'
import { findRefused } from './find-refused.ts'
import { OF_A_LENGTH, type Refused, refusedError, TOO_LONG_BYTES } from './refused-error.ts'

/**
 * What says nothing of the table: transactions and snapshots, passwords, locks, memory and sessions, what was
 * cancelled. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const NOT_OF_THE_TABLE = /^(?:25P|26|28|3D|40|53|55P|57|72)/

/** The whole search takes no longer; what the read said is then told without its place. */
const SEARCH_MS = 15 * 60_000

/**
 * What a read has failed with, and where: one more look at the table, for which `look` gives a session at the same
 * snapshot. By what Postgres calls the error, never by its wording. Where the
 * look finds nothing, or fails itself, what the read said is told.
 */
export async function explainRead(
  error: unknown,
  table: PgTable,
  where: string | undefined,
  look: (work: (client: PgClient) => Promise<DwhError>, ended: AbortSignal) => Promise<DwhError>,
): Promise<unknown> {
  const sqlstate = isDwhError(error) ? error.context.sqlstate : undefined
  if (!isDwhError(error) || typeof sqlstate !== 'string' || NOT_OF_THE_TABLE.test(sqlstate)) return error
  const tooLate = AbortSignal.timeout(SEARCH_MS)
  const work = async (client: PgClient) => {
    const servers = await foreignServers(client, table)
    if (servers.length > 0 && OF_THE_WAY.test(sqlstate)) return foreignFailure(error, servers)
    const refused =
      (await findRefused(client, table, where)) ?? (await findTooLong(client, table, where, { error, sqlstate }))
    // of a row of another server, that server may know more
    const elsewhere = servers.length > 0 && refused?.at === 'row'
    if (refused !== null && !elsewhere) return refusedError(table, refused, error)
    return servers.length > 0 ? foreignFailure(error, servers) : unplaced(error, sqlstate)
  }
  try {
    return await look(work, tooLate)
  } catch (failure) {
    return isDwhError(failure, 'ABORTED') && !tooLate.aborted ? failure : error
  }
}

/** The row that is too long to be sent, where the failure may be one of a length. */
async function findTooLong(
  client: PgClient,
  table: PgTable,
  where: string | undefined,
  { error, sqlstate }: { readonly error: DwhError; readonly sqlstate: string },
): Promise<Refused | null> {
  if (!OF_A_LENGTH.includes(sqlstate)) return null
  const said = error.cause instanceof Error ? error.cause : error
  const raised: Raised = Object.assign(new Error(said.message), { code: sqlstate })
  return findLongestRow(client, table, where, { raised, leastBytes: TOO_LONG_BYTES })
}

function unplaced(error: DwhError, sqlstate: string): DwhError {
  return new DwhError(error.code, `${error.message} (SQLSTATE ${sqlstate})`, {
    cause: error,
    hint: `No single value raises it when the table is read once more.${error.hint ? ` ${error.hint}` : ''} Run again; if it comes back, exclude the table, or measure less of it with verify: counts.`,
    context: error.context,
  })
}
