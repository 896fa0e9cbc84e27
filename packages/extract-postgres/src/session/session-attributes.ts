import { DwhError } from '@dwh/core'
import type { TargetSessionAttrs } from '@dwh/libpq-settings'
import type { PgClient } from './pg-client.ts'

/** Condition of each value on a server; `prefer-standby` is tried as `standby`, then as `any`, over all hosts. */
const WANTED: Readonly<Record<TargetSessionAttrs, (server: { standby: boolean; readOnly: boolean }) => boolean>> = {
  any: () => true,
  'read-write': ({ standby, readOnly }) => !standby && !readOnly,
  'read-only': ({ standby, readOnly }) => standby || readOnly,
  primary: ({ standby }) => !standby,
  standby: ({ standby }) => standby,
  'prefer-standby': ({ standby }) => standby,
}

/**
 * Null if the server matches `target_session_attrs`; otherwise the reason. The default of the session counts, even
 * though we only read.
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
 */
export async function checkAttributes(client: PgClient, wanted: TargetSessionAttrs): Promise<DwhError | null> {
  if (wanted === 'any') return null
  const { rows } = await client.query(`SELECT pg_catalog.pg_is_in_recovery() AS standby,
    pg_catalog.current_setting('default_transaction_read_only') = 'on' AS read_only`)
  const { standby, read_only: readOnly } = rows[0]
  if (WANTED[wanted]({ standby, readOnly })) return null
  const is = standby ? 'a standby' : readOnly ? 'a primary whose sessions are read-only' : 'a primary'
  return new DwhError('SOURCE_UNREACHABLE', `it is ${is}, but target_session_attrs=${wanted}`, {
    hint: 'Add a server of that kind, or change target_session_attrs; any is enough for reading.',
  })
}
