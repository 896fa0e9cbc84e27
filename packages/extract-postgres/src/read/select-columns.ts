import { DwhError, encodingOf, formatTableName, type SourceColumn, type TableSchema } from '@dwh/core'
import type { PgColumn, PgTable } from '../catalog/list-tables.ts'
import { decideType } from '../catalog/pg-types.ts'
import { POSTGRES_ENCODINGS } from '../catalog/text-encodings.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'
import { refuseRounding } from './refuse-rounding.ts'

/** Selects the wanted columns, each with the mapping of its wanted type. */
export function selectColumns(table: PgTable | undefined, wanted: TableSchema): PgTable {
  const name = formatTableName(wanted)
  if (!table) throw new DwhError('SOURCE_FAILED', `${name}: no such table in this snapshot`)
  const columns = wanted.columns.map((column): PgColumn => {
    const found = table.columns.find((candidate) => candidate.name === column.name)
    if (!found) throw new DwhError('SOURCE_FAILED', `${name}: no column ${column.name} in this snapshot`)
    const chosen = choose(found.mapping, column.storeAs)
    if (!chosen)
      throw new DwhError('SOURCE_FAILED', `${name}: column ${column.name} cannot be stored as ${column.storeAs}`)
    const decided = column.inferred ? chosen : decideType(chosen, column.type)
    const mapping = table.kind === 'view' && chosen.inferred !== undefined ? refuseRounding(decided) : decided
    return { ...found, ...column, sourceType: found.sourceType, mapping }
  })
  return { ...table, columns }
}

function choose(mapping: TypeMapping, storeAs: SourceColumn['storeAs']): TypeMapping | undefined {
  if (storeAs === undefined) return mapping
  const encoding = POSTGRES_ENCODINGS[encodingOf(storeAs) ?? '']
  return encoding === undefined ? mapping.allowedTypes[storeAs] : mapping.decoded?.(encoding)
}
