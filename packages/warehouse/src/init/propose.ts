import { formatTableName, type TableSchema } from '@dwh/core'
import { excludePatterns, ownColumns } from '@dwh/pipeline'
import type { SourceLook } from './look-at-source.ts'

/** Tables and columns that the proposed configuration file lists. */
export interface Proposal {
  /** Tables that a run will read, largest first. */
  readonly tables: readonly TableSchema[]
  readonly excluded: readonly { readonly table: TableSchema; readonly reason: string }[]
  /** Tables that inherit from another, whose rows are read with that parent. */
  readonly storedTwice: readonly StoredTwice[]
  /** Views and foreign tables, which are read only if the file names them. */
  readonly nameable: readonly TableSchema[]
  /** Columns that look like credentials: the file suggests to exclude them, and they are read until you do. */
  readonly credentials: readonly { readonly table: TableSchema; readonly columns: readonly string[] }[]
}

export interface StoredTwice {
  readonly parent: TableSchema
  readonly children: readonly TableSchema[]
  /** Patterns that exclude the children. */
  readonly patterns: readonly string[]
}

/** Signs of a queue. Its rows change all the time, so a daily copy holds only those that happen to be there. */
const QUEUE = { deletedPerLive: 20, deleted: 10_000 }

const CREDENTIAL =
  /(?:^|_)(?:pass(?:word|wd|phrase|code)?|pwd|secret|(?:api|private|access|signing|encryption)_?keys?|token|credentials?|salt|otp|totp|cvv|pin)(?:_|$|\d)/

/** Decides what to propose. Pure: the same facts give the same proposal. */
export function propose({ tables, activity }: SourceLook): Proposal {
  const reasons = new Map(tables.map((table) => [table, whyNot(table, activity.get(formatTableName(table)))]))
  const wanted = tables.filter((table) => !table.onlyWhenNamed && table.columns.length > 0)
  const unhindered = wanted.filter((table) => reasons.get(table) === null)
  const storedTwice = findStoredTwice(unhindered, tables)
  const below = new Set(storedTwice.flatMap(({ children }) => children))
  const read = unhindered.filter((table) => !below.has(table))
  return {
    storedTwice,
    tables: [...read].sort((a, b) => (b.estimatedBytes ?? 0) - (a.estimatedBytes ?? 0)),
    excluded: wanted.flatMap((table) => {
      const reason = reasons.get(table)
      return reason ? [{ table, reason }] : []
    }),
    nameable: tables.filter(
      (table) => table.onlyWhenNamed && !table.denied && /view|foreign/.test(table.onlyWhenNamed),
    ),
    credentials: read.flatMap((table) => {
      const columns = table.columns.map(({ name }) => name).filter(looksLikeCredential)
      return columns.length > 0 ? [{ table, columns }] : []
    }),
  }
}

/** A child with columns of its own is also read by itself: its parent lacks these columns. */
function findStoredTwice(read: readonly TableSchema[], tables: readonly TableSchema[]): StoredTwice[] {
  const byName = new Map(read.map((table) => [formatTableName(table), table]))
  const found = read.flatMap((parent) => {
    const children = (parent.children ?? [])
      .flatMap((child) => byName.get(formatTableName(child)) ?? [])
      .filter((child) => ownColumns(parent, child).length === 0)
    return children.length > 0 ? [{ parent, children, patterns: excludePatterns(children, tables) }] : []
  })
  const below = new Set(found.flatMap(({ children }) => children))
  return found.filter(({ parent }) => !below.has(parent))
}

function whyNot(
  table: TableSchema,
  activity: { readonly unlogged: boolean; readonly live: number; readonly deleted: number } | undefined,
): string | null {
  const denied = table.denied ?? table.columns.find((column) => column.denied)?.denied
  if (denied) return `${denied.reason}. ${denied.sql ? `To read it: ${denied.sql}` : denied.hint}`
  if (!activity) return null
  if (activity.unlogged) return 'unlogged: its rows are lost when the server crashes, so it holds temporary data'
  const { live, deleted } = activity
  if (deleted >= QUEUE.deleted && deleted >= QUEUE.deletedPerLive * live)
    return `looks like a queue: ${deleted} rows deleted, ${live} present`
  return null
}

function looksLikeCredential(column: string): boolean {
  return CREDENTIAL.test(column.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase())
}
