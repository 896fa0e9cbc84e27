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
 * SQLSTATEs that say nothing about the table: transactions and snapshots, passwords, locks, memory and sessions,
 * cancelled statements. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const NOT_OF_THE_TABLE = /^(?:25P|26|28|3D|40|53|55P|57|72)/

/** Time limit of the whole search; after it, the error is reported without its place. */
const SEARCH_MS = 15 * 60_000

/**
 * Explains why a read failed and at which value, by reading the table once more; `look` provides a session at the same
 * snapshot. It decides by SQLSTATE, never by the wording. If the search finds nothing, or fails, the error of the read
 * is returned.
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
    // for a row of a foreign server, the error of that server may tell more
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

/** Finds the row that is too long to be sent, if the failure may be one of length. */
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
    hint: `Reading the table again did not show which value fails.${error.hint ? ` ${error.hint}` : ''} Run again; if it recurs, exclude the table, or lower the proof to verify: counts.`,
    context: error.context,
  })
}
