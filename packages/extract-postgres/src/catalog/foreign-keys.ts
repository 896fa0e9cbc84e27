/**
 * Foreign keys of tables that a warehouse can hold, for the query that lists them: `root`, and `refs`, the names of the
 * other tables that its foreign keys refer to, each once and in order. Uses `tree` (each table, as `root`, with its
 * parts) and `named`. A key of a part is one of its table, and a key to a partition refers to the partitioned table:
 * the catalog has a row for each of them.
 */
export const FOREIGN_KEYS = `
  SELECT own.root, array_agg(DISTINCT other.name) AS refs
  FROM pg_constraint k JOIN tree own ON own.oid = k.conrelid JOIN tree target ON target.oid = k.confrelid
    JOIN named part ON part.oid = target.oid AND (target.root = target.oid OR part.relispartition)
    JOIN named other ON other.oid = target.root
  WHERE k.contype = 'f' AND target.root <> own.root GROUP BY own.root`
