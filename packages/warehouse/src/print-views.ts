import type { S3Values } from '@dwh/config'
import { type Day, DwhError, type ObjectStore } from '@dwh/core'
import { bucketSecretSql, viewsSql } from '@dwh/query'
import { pathOf } from './path-of.ts'
import type { TablesOf } from './read-tables.ts'

/** SQL that creates the views of a warehouse in any DuckDB. */
export interface ViewsScript {
  readonly sql: string
  /** As in `TablesOf`. */
  readonly day: Day | null
  readonly askedDay: Day | null
  readonly runId: string | null
}

export interface PrintViewsOptions {
  readonly store: ObjectStore
  readonly shown: TablesOf
  /** Where the script finds the files, if not where the warehouse is: a folder, or a URL. */
  readonly root?: string | undefined
  readonly s3: S3Values
}

/** @throws DwhError CONFIG_INVALID for an empty root */
export function printViews({ store, shown, root, s3 }: PrintViewsOptions): ViewsScript {
  const { state, tables, day, askedDay, runId } = shown
  if (root?.trim() === '')
    throw new DwhError('CONFIG_INVALID', 'root: empty', { hint: 'Give the folder or the URL where the files are.' })
  const locate = root === undefined ? (key: string) => pathOf(store, key) : (key: string) => underRoot(root, key)
  const bucket = locate('x').startsWith('s3://')
  const sql = viewsSql(tables, locate, {
    warehouse: store.url,
    title: `Views of run ${runId}, ${daysOf(shown)}`,
    formerTables: [...Object.keys(state.tables), ...(state.former_tables ?? [])],
    before: bucket ? secretLines(locate('x').slice(0, -'/x'.length), s3) : [],
  })
  return { sql, day, askedDay, runId }
}

function underRoot(root: string, key: string): string {
  const isWeb = /^https?:\/\//.test(root)
  const path = isWeb ? key.split('/').map(encodeURIComponent).join('/') : key
  return `${root.replace(/\/+$/, '')}/${path}`
}

function daysOf({ tables, day }: TablesOf): string {
  if (day !== null) return `as of ${day}`
  const days = Object.values(tables)
    .map(({ date }) => date)
    .sort()
  const [first, last] = [days[0], days.at(-1)]
  if (first === undefined) return 'without tables'
  return `as of ${first === last ? first : `${first} to ${last}`}`
}

function secretLines(scope: string, s3: S3Values): string[] {
  return bucketSecretSql({
    scope,
    region: s3.region,
    endpoint: s3.endpoint,
    pathStyle: s3.path_style,
    anonymous: s3.anonymous,
    sessionToken: s3.session_token !== undefined,
  })
}
