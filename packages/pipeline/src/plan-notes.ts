import { exactPattern, formatTableName, type TableName, type TableNote, type TableSchema } from '@dwh/core'
import { excludePatterns } from './exclude-patterns.ts'

/** A note about some tables of the plan. */
export interface PlanNote extends TableNote {
  /** The tables that it is about, as the source names them. */
  readonly tables: readonly string[]
}

/** Maximum number of names in a list. */
const SHOWN = 5

/** Collects the notes about tables that are read together, each once. `known`: every table of their source. */
export function planNotes(tables: readonly TableSchema[], known: readonly TableSchema[]): PlanNote[] {
  return [...ofTables(tables), ...storedTwice(tables, known), ...numbersOnly(tables)]
}

/** The `id` of the note about foreign keys. */
export const FOREIGN_KEYS_NOTE = 'foreign_keys'

/**
 * Returns a note about the foreign keys of tables that are read together to tables that are read at another time; none
 * without such keys. `notRead`: the names of the latter, as `formatTableName` returns them.
 */
export function foreignKeyNotes(tables: readonly TableSchema[], notRead: ReadonlySet<string>): PlanNote[] {
  const keys = tables.flatMap((table) => {
    const to = (table.references ?? []).filter((other) => notRead.has(formatTableName(other)))
    return to.length === 0 ? [] : [{ from: formatTableName(table), to }]
  })
  if (keys.length === 0) return []
  const missing = new Map(keys.flatMap(({ to }) => to.map((other) => [formatTableName(other), other] as const)))
  const found = shorten(
    keys.map(({ from, to }) => `${from} refers to ${listed(to)}`),
    '; ',
  )
  const are = missing.size === 1 ? 'is' : 'are'
  return [
    {
      id: FOREIGN_KEYS_NOTE,
      tables: keys.map(({ from }) => from),
      found: `${found}, which ${are} not read in this run: rows may refer to rows of another instant`,
      fix: `To read all of them at one instant, add to the tables of this run: ${shorten([...missing.values()].map(exactPattern))}.`,
      sql: null,
    },
  ]
}

function ofTables(tables: readonly TableSchema[]): PlanNote[] {
  const notes = new Map<string, PlanNote>()
  for (const table of tables) {
    for (const note of table.notes ?? []) {
      const key = `${note.id} ${note.found}`
      notes.set(key, { ...note, tables: [...(notes.get(key)?.tables ?? []), formatTableName(table)] })
    }
  }
  return [...notes.values()]
}

/** One note for each parent that is not a child itself. */
function storedTwice(tables: readonly TableSchema[], known: readonly TableSchema[]): PlanNote[] {
  // with all columns, including those that this warehouse leaves out
  const whole = new Map(known.map((table) => [formatTableName(table), table]))
  const read = new Set(tables.map(formatTableName))
  const pairs = known.flatMap((parent) => {
    if (!read.has(formatTableName(parent))) return []
    const names = (parent.children ?? []).map(formatTableName).filter((name) => read.has(name))
    return [{ parent, children: names.flatMap((name) => whole.get(name) ?? []) }]
  })
  const below = new Set(pairs.flatMap(({ children }) => children))
  return pairs.flatMap(({ parent, children }) => {
    if (children.length === 0 || below.has(parent)) return []
    const name = formatTableName(parent)
    const found = `${name}: its rows include those of ${listed(children)}, which INHERIT from it and are read as separate tables: stored twice`
    const excludes = excludePatterns(children, known).map((pattern) => JSON.stringify(pattern))
    const more = children.filter((child) => ownColumns(parent, child).length > 0)
    const but =
      more.length > 0
        ? ` But ${listed(more)} ${more.length === 1 ? 'has' : 'have'} columns that ${name} does not have.`
        : ''
    return [
      {
        id: 'stored_twice',
        tables: [name, ...children.map((child) => formatTableName(child))],
        found,
        fix: `To store them once, write in dwh.yaml: exclude: [${excludes.join(', ')}].${but}`,
        sql: null,
      },
    ]
  })
}

/** Columns that a child by inheritance has in addition to those of its parent. */
export function ownColumns(parent: TableSchema, child: TableSchema): string[] {
  const inherited = new Set(parent.columns.map(({ name }) => name))
  return child.columns.map(({ name }) => name).filter((name) => !inherited.has(name))
}

/** One note for each kind of object that columns only refer to by number. */
function numbersOnly(tables: readonly TableSchema[]): PlanNote[] {
  const kinds = new Map<string, { table: string; name: string }[]>()
  for (const table of tables)
    for (const { name, refersTo } of table.columns)
      if (refersTo !== undefined)
        kinds.set(refersTo, [...(kinds.get(refersTo) ?? []), { table: formatTableName(table), name }])
  return [...kinds].map(([kind, columns]) => {
    const names = columns.map(({ table, name }) => `${table}.${name}`)
    return {
      id: kind.replaceAll(' ', '_'),
      tables: [...new Set(columns.map(({ table }) => table))],
      found: `${kind} are not read: ${shorten(names)} ${names.length === 1 ? 'contains' : 'contain'} only their numbers`,
      fix: null,
      sql: null,
    }
  })
}

function listed(tables: readonly TableName[]): string {
  return shorten(tables.map((table) => formatTableName(table)))
}

function shorten(names: readonly string[], separator = ', '): string {
  const shown = names.slice(0, SHOWN).join(separator)
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown
}
