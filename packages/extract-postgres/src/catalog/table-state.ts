import { formatTableName, type TableName, type TableNote } from '@dwh/core'
import { spelled } from './catalog-rows.ts'
import { qualifiedName } from './qualified-name.ts'

type NameRow = readonly [schema: string, name: string]

/** What the catalog says about a table besides its columns and privileges. */
export interface TableState {
  readonly schema: string
  readonly name: string
  /** As in `pg_class.relkind`. */
  readonly kind: string
  /** Partitions or children, at any depth, whose rows are on a foreign server. */
  readonly foreign_parts: readonly NameRow[] | null
  /** Children by inheritance, at any depth. */
  readonly children: readonly NameRow[] | null
  /** Other tables that its foreign keys refer to. */
  readonly references: readonly NameRow[] | null
  /**
   * Partitions of the table, or the table itself, that are being detached: the names of the parent, then of the
   * partition.
   */
  readonly detaching: readonly (readonly [...parent: NameRow, ...partition: NameRow])[] | null
}

/** The same with readable names. */
export function spelledState(state: TableState): TableState {
  const names = <T extends readonly string[]>(list: readonly T[] | null) =>
    list && (list.map((each) => each.map(spelled)) as unknown as readonly T[])
  return {
    schema: spelled(state.schema),
    name: spelled(state.name),
    kind: state.kind,
    foreign_parts: names(state.foreign_parts),
    children: names(state.children),
    references: names(state.references),
    detaching: names(state.detaching),
  }
}

export function tableNameOf([schema, name]: NameRow): TableName {
  return { schema, name }
}

export function foreignParts({ foreign_parts }: TableState): string[] {
  return (foreign_parts ?? []).map((part) => formatTableName(tableNameOf(part)))
}

/** Notes about a table that can be read. */
export function notesOf(state: TableState): TableNote[] {
  const detaching = (state.detaching ?? []).map(([parentSchema, parentName, schema, name]) =>
    detachPending({ schema: parentSchema, name: parentName }, { schema, name }),
  )
  const parts = foreignParts(state)
  const outside =
    parts.length > 0
      ? `${formatTableName(state)}: the rows of ${parts.join(', ')} come from another server, so they are not from the time of the snapshot`
      : null
  return [...detaching, ...(outside === null ? [] : [{ id: 'foreign_parts', found: outside, fix: null, sql: null }])]
}

/**
 * See DETACH PARTITION in https://www.postgresql.org/docs/current/sql-altertable.html: until someone runs FINALIZE, the
 * partition is neither attached nor detached.
 */
function detachPending(parent: TableName, partition: TableName): TableNote {
  const [whole, part] = [formatTableName(parent), formatTableName(partition)]
  return {
    id: 'detach_pending',
    found: `${part}: DETACH PARTITION ... CONCURRENTLY from ${whole} was interrupted or is still running: a SELECT of ${whole} does not include it, so it is read as a separate table`,
    fix: 'If it is not running any more, let the owner finish it.',
    sql: `ALTER TABLE ${qualifiedName(parent)} DETACH PARTITION ${qualifiedName(partition)} FINALIZE;`,
  }
}
