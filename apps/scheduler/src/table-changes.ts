import { own } from '@dwh/core'
import type { TableView } from './warehouse-view.ts'

/** Smaller changes are ignored: a table of a few rows may double every day. */
const FEWEST_ROWS = 100

type Tables = Readonly<Record<string, TableView>>

/**
 * Lists unexpected changes between two states of a warehouse, one a line: rows that changed by more than `rowChange` (a
 * share of the rows before), changed columns, new and removed tables.
 */
export function changesBetween(before: Tables, after: Tables, rowChange: number): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => {
    const [was, is] = [own(before, name), own(after, name)]
    if (!was) return [`${name}: new, ${is?.rows} rows`]
    if (!is) return [`${name}: no longer current; its history stays`]
    return [...rowsChanged(was.rows, is.rows, rowChange), ...columnsChanged(was.columns, is.columns)].map(
      (change) => `${name}: ${change}`,
    )
  })
}

function rowsChanged(was: number, is: number, share: number): string[] {
  if (was > 0 && is === 0) return [`empty (it had ${was} rows)`]
  const difference = Math.abs(is - was)
  if (difference < FEWEST_ROWS || difference <= was * share) return []
  const percent = was === 0 ? '' : ` (${is > was ? '+' : '-'}${Math.round((100 * difference) / was)} %)`
  return [`${is} rows, it had ${was}${percent}`]
}

type Columns = TableView['columns']

function columnsChanged(was: Columns, is: Columns): string[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return names.flatMap((name) => {
    const [before, after] = [own(was, name), own(is, name)]
    if (before === after) return []
    if (before === undefined) return [`new column ${name} ${after}`]
    if (after === undefined) return [`column ${name} was removed`]
    return [`column ${name} changed from ${before} to ${after}`]
  })
}
