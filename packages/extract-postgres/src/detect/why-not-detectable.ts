import type { PgTable } from '../catalog/list-tables.ts'
import type { CatalogFingerprint } from './catalog-fingerprint.ts'

/** The kinds whose rows are in files of this server. */
const STORED = ['table', 'partitioned table', 'materialized view']

/** Why a table has no fingerprint, so far as its kind and its condition say; null if it has one. */
export function whyNoFingerprint({ kind = 'table', foreign }: PgTable, where: string | undefined): string | null {
  if (where !== undefined) return 'it is read with a condition (where)'
  if (!STORED.includes(kind)) return `it is a ${kind}`
  return foreign ? 'some of its rows are on another server' : null
}

/** Why nothing but a full read tells whether a table has the same rows; null if something does. */
export function whyNotDetectable(table: PgTable, found: CatalogFingerprint): string | null {
  if (!found.heap) return 'its rows are not stored in the access method heap'
  if (!found.maySelectXmin) return 'this role may not read its column xmin, which SELECT on the whole table includes'
  for (const { name, attnum, typeOid, sourceType } of table.columns) {
    const why = found.unsteady.get(typeOid)
    if (why !== undefined) return `column ${name} (${sourceType}): ${why}`
    if (found.virtual.includes(attnum)) return `column ${name}: it is computed when it is read`
  }
  return null
}
