import { isDeepStrictEqual } from 'node:util'
import type { TableEntry } from '@dwh/core'

/** Whether two entries say the same about a table, apart from when its rows were seen, and by which run. */
export function isSameVersion(a: TableEntry, b: TableEntry): boolean {
  return isDeepStrictEqual(contentOf(a), contentOf(b))
}

function contentOf(entry: TableEntry) {
  const { run_id: _, snapshot: __, read_at: ___, proved_at: ____, detection: _____, ...content } = entry
  return content
}
