import { CHILDREN } from '../catalog/child-tables.ts'
import { FIRST_OF_USERS } from '../catalog/json-form.ts'
import type { PgTable } from '../catalog/list-tables.ts'
import { oidList } from '../catalog/oid-list.ts'
import { attemptQuery } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'

/** What the catalog of the snapshot says about a table. */
export interface CatalogFingerprint {
  /** Hash of the columns of the table and of all its parts, as stored in their rows. */
  readonly columns: string
  /** Hash of the parts and their files. */
  readonly storage: string
  /** True if all rows are in heap files of this database. */
  readonly heap: boolean
  /** True if this role may read the system columns. */
  readonly maySelectXmin: boolean
  /** `attnum` of the columns that are computed when they are read. */
  readonly virtual: readonly number[]
  /** Hashes of the types of the columns, by oid; shared by all tables. */
  readonly types: ReadonlyMap<number, string>
  /** The types of them whose text depends on more than the table and their definition, by oid: the reason. */
  readonly unsteady: ReadonlyMap<number, string>
}

// Names may contain bytes that are not text in any encoding, so their bytes are hashed, within the server.
const hashOf = (text: string) =>
  `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'SQL_ASCII')), 'hex')`

// A part may have been detached, changed and attached again: its own columns count, with the values that they have in
// rows that are older than the column (attmissingval).
const tablesSql = (oids: readonly number[]) => `
  WITH RECURSIVE child AS (${CHILDREN}), tree AS (
    SELECT u.oid AS root, u.oid FROM unnest(${oidList(oids)}) AS u (oid)
    UNION SELECT t.root, child.inhrelid FROM tree t JOIN child ON child.inhparent = t.oid
  ), stored AS (
    SELECT t.root,
      ${hashOf(`string_agg(concat_ws(' ', c.oid, c.relkind, c.relfilenode, m.amname), ',' ORDER BY c.oid)`)} AS hash,
      bool_and(c.relkind = 'p' OR c.relkind IN ('r', 'm') AND m.amname = 'heap') AS heap
    FROM tree t JOIN pg_class c ON c.oid = t.oid LEFT JOIN pg_am m ON m.oid = c.relam GROUP BY t.root
  ), shape AS (
    SELECT a.attrelid AS oid, ${hashOf(`string_agg(row(a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
        a.attisdropped, a.atthasmissing, a.attmissingval::text, a.attgenerated)::text,
        ',' ORDER BY a.attnum)`)} AS hash,
      array_agg(a.attnum::int) FILTER (WHERE a.attgenerated = 'v') AS virtual
    FROM pg_attribute a WHERE a.attnum > 0 AND a.attrelid IN (SELECT oid FROM tree) GROUP BY a.attrelid
  ), shaped AS (
    SELECT t.root, ${hashOf(`string_agg(concat_ws(' ', t.oid, shape.hash), ',' ORDER BY t.oid)`)} AS hash
    FROM tree t LEFT JOIN shape ON shape.oid = t.oid GROUP BY t.root
  )
  SELECT stored.root::bigint AS oid, stored.hash AS storage, stored.heap, shaped.hash AS columns, shape.virtual,
    has_column_privilege(stored.root, 'xmin', 'SELECT') IS NOT FALSE AS may_select
  FROM stored JOIN shaped USING (root) LEFT JOIN shape ON shape.oid = stored.root`

// No lock on a table protects the labels of an enum, the attributes of a composite or an extension: they may change
// between the snapshot and the read, and change back. The xmin of their rows in the catalog never comes back.
const typesSql = (oids: readonly number[]) => `
  WITH RECURSIVE reached AS (
    SELECT u.oid AS start, u.oid FROM unnest(${oidList(oids)}) AS u (oid)
    UNION
    SELECT r.start, part.oid FROM reached r JOIN pg_type t ON t.oid = r.oid CROSS JOIN LATERAL (
      SELECT t.typbasetype WHERE t.typtype = 'd'
      UNION ALL SELECT t.typelem WHERE t.typelem <> 0
      UNION ALL SELECT g.rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid
      UNION ALL SELECT g.rngtypid FROM pg_range g WHERE g.rngmultitypid = t.oid
      UNION ALL SELECT a.atttypid FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS part (oid)
  ), described AS (
    SELECT t.oid, concat_ws(' ', t.oid, t.typtype, t.typlen, t.typoutput::oid, t.typbasetype, t.typtypmod, t.typelem,
        t.typdelim, quote_ident(t.typname), t.typnamespace, x.oid, x.xmin, quote_literal(x.extversion),
        (SELECT string_agg(concat_ws(' ', e.oid, e.xmin, e.enumsortorder, quote_literal(e.enumlabel)),
          ',' ORDER BY e.oid) FROM pg_enum e WHERE e.enumtypid = t.oid),
        (SELECT string_agg(concat_ws(' ', a.attnum, a.xmin, quote_ident(a.attname), a.atttypid, a.atttypmod,
            a.attisdropped), ',' ORDER BY a.attnum)
          FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0)) AS text,
      CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace AND t.typname = 'money' THEN 'its digits follow lc_monetary'
        WHEN t.typnamespace = 'pg_catalog'::regnamespace AND (t.typname ~ '^reg' OR t.typname = 'aclitem')
          THEN 'its text is a name in the catalog'
        WHEN t.typtype = 'b' AND x.oid IS NULL AND t.oid >= ${FIRST_OF_USERS}
            AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
          THEN 'its type is defined by code that is not of an extension' END AS unsteady
    FROM (SELECT DISTINCT oid FROM reached) AS r JOIN pg_type t ON t.oid = r.oid
      LEFT JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      LEFT JOIN pg_extension x ON x.oid = d.refobjid
  )
  SELECT r.start::bigint AS oid, ${hashOf(`string_agg(d.text, ';' ORDER BY d.oid)`)} AS hash,
    min(d.unsteady) AS unsteady
  FROM reached r JOIN described d ON d.oid = r.oid GROUP BY r.start`

/**
 * Reads the fingerprints of tables and materialized views, by oid. Call it inside the snapshot. A text says why the
 * server does not tell.
 */
export async function readFingerprints(
  client: PgClient,
  tables: readonly PgTable[],
): Promise<Map<number, CatalogFingerprint> | string> {
  const oids = [...new Set(tables.map(({ oid }) => oid))]
  const typeOids = [...new Set(tables.flatMap(({ columns }) => columns.map(({ typeOid }) => typeOid)))]
  const answer = await attemptQuery(client, tablesSql(oids), typesSql(typeOids))
  if ('raised' in answer) return `the catalog cannot be compared: ${answer.raised.message}`
  const [found, described] = answer.results.map(({ rows }) => rows)
  const types = new Map<number, string>()
  const unsteady = new Map<number, string>()
  for (const row of described ?? []) {
    types.set(Number(row.oid), row.hash)
    if (row.unsteady !== null) unsteady.set(Number(row.oid), row.unsteady)
  }
  return new Map(
    (found ?? []).map(({ oid, columns, storage, heap, may_select, virtual }) => [
      Number(oid),
      { columns, storage, heap, maySelectXmin: may_select, virtual: virtual ?? [], types, unsteady },
    ]),
  )
}
