/**
 * The rows of `pg_inherits` that a SELECT of the parent follows. Without partitions whose `DETACH PARTITION ...
 * CONCURRENTLY` was interrupted: Postgres leaves them out, although they are marked as partitions until someone runs
 * FINALIZE. Without temporary children: only the session that created them sees their rows.
 */
export const CHILDREN = `SELECT i.inhparent, i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE NOT i.inhdetachpending AND c.relpersistence <> 't'`
