import { formatTableName, type TableName, type TableNote } from '@dwh/core'
import { spelled } from './catalog-rows.ts'
import { qualifiedName } from './qualified-name.ts'

type NameRow = readonly [schema: string, name: string]

/** What the catalog says about a table beside its columns and privileges. */
export interface TableState {
  readonly schema: string
  readonly name: string
  /** As in `pg_class.relkind`. */
  readonly kind: string
  /** Partitions or children, at any depth, whose rows are on a server elsewhere. */
  readonly foreign_parts: readonly NameRow[] | null
  /** Children by inheritance, at any depth. */
  readonly children: readonly NameRow[] | null
  /** Partitions of it, or the table itself, that are being detached: the parent's names, then the partition's. */
  readonly detaching: readonly (readonly [...parent: NameRow, ...partition: NameRow])[] | null
}

/** With its names as a person reads them. */
export function spelledState(state: TableState): TableState {
  const names = <T extends readonly string[]>(list: readonly T[] | null) =>
    list && (list.map((each) => each.map(spelled)) as unknown as readonly T[])
  return {
    schema: spelled(state.schema),
    name: spelled(state.name),
    kind: state.kind,
    foreign_parts: names(state.foreign_parts),
    children: names(state.children),
    detaching: names(state.detaching),
  }
}

export function foreignParts({ foreign_parts }: TableState): string[] {
  return (foreign_parts ?? []).map(([schema, name]) => formatTableName({ schema, name }))
}

/** What a person should know about the table, though it can be read. */
export function notesOf(state: TableState): TableNote[] {
  const detaching = (state.detaching ?? []).map(([parentSchema, parentName, schema, name]) =>
    detachPending({ schema: parentSchema, name: parentName }, { schema, name }),
  )
  const parts = foreignParts(state)
  const outside =
    parts.length > 0
      ? `${formatTableName(state)}: the rows of ${parts.join(', ')} come from another server, and are not of the snapshot's instant`
      : null
  return [...detaching, ...(outside === null ? [] : [{ id: 'foreign_parts', found: outside, fix: null, sql: null }])]
}

/** https://www.postgresql.org/docs/current/sql-altertable.html, DETACH PARTITION: until somebody says FINALIZE, the partition is in none of the two states. */
function detachPending(parent: TableName, partition: TableName): TableNote {
  const [whole, part] = [formatTableName(parent), formatTableName(partition)]
  return {
    id: 'detach_pending',
    found: `${part}: DETACH PARTITION ... CONCURRENTLY from ${whole} was cut off, or has not ended: a SELECT of ${whole} leaves it out, so it is read as a table of its own`,
    fix: 'Let the owner end it, if it is not under way.',
    sql: `ALTER TABLE ${qualifiedName(parent)} DETACH PARTITION ${qualifiedName(partition)} FINALIZE;`,
  }
}
