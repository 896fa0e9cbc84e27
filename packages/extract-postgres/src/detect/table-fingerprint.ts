import { createHash } from 'node:crypto'
import type { PgTable } from '../catalog/list-tables.ts'
import { selectStatement } from '../read/read-rows.ts'
import { sessionOptions } from '../session/session.ts'
import type { CatalogFingerprint } from './catalog-fingerprint.ts'

/** Hashes of everything that can change what a row reads as without changing the row. */
export interface TableFingerprint {
  /** Columns of the table and of its parts, and their types at any depth. */
  readonly structure: string
  /** The parts that hold the rows, and their files. */
  readonly storage: string
  /** The statement that reads the rows, and the versions of the recipes of their types. */
  readonly reading: string
}

/**
 * `listed`: the table with all columns. `table`: with the wanted ones; what the values decide is left open, as before a
 * profile.
 */
export function tableFingerprint(listed: PgTable, table: PgTable, found: CatalogFingerprint): TableFingerprint {
  const types = listed.columns.map(({ typeOid }) => [typeOid, found.types.get(typeOid) ?? null])
  return { structure: hash([found.columns, types]), storage: found.storage, reading: readingOf(table) }
}

function readingOf(table: PgTable): string {
  const columns = table.columns.map(({ name, mapping, storeAs = null, recipes }) => [
    name,
    mapping.type,
    storeAs,
    recipes,
  ])
  return hash([table.encoding, sessionOptions(0), selectStatement(table, undefined), columns])
}

function hash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}
