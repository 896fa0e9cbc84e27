/**
 * The rows of `pg_inherits` that a SELECT of the parent follows. Not those of a partition whose `DETACH PARTITION ... CONCURRENTLY` was cut off: Postgres leaves it out, though it
 * is marked as a partition until somebody says FINALIZE. Nor those of temporary children: only the session that made them sees their rows.
 */
export const CHILDREN = `SELECT i.inhparent, i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE NOT i.inhdetachpending AND c.relpersistence <> 't'`
