import { DwhError } from '@dwh/core'
import { readSqlFiles, SEED_FOLDER } from './seed-files.ts'

export interface SeedQuery {
  /** The file's name without `.sql`. */
  readonly name: string
  /** The title: the comment on its first line. */
  readonly title: string
  /** The whole file. */
  readonly sql: string
}

/** The reading order, from common questions to one that needs two days. Other queries follow by name. */
const READING_ORDER = [
  'revenue-by-month',
  'revenue-by-plan',
  'top-customers',
  'feature-usage',
  'exports',
  'monthly-actives',
  'event-types',
  'new-customers-per-day',
  'churn',
  'new-between-days',
]

/**
 * Returns the example queries in reading order. All except `new-between-days`, which needs DuckDB and the variables
 * named in its comment, give the same rows in Postgres and DuckDB.
 * @param folder a folder with `queries/`; by default this package's own
 * @throws DwhError CONFIG_INVALID if the files cannot be read, or one has no title
 */
export async function listQueries(folder: string = SEED_FOLDER): Promise<SeedQuery[]> {
  const files = await readSqlFiles(folder, 'queries')
  return files
    .map(({ name, text }) => ({ name, title: titleOf(name, text), sql: text }))
    .sort((a, b) => place(a.name) - place(b.name))
}

function titleOf(name: string, text: string): string {
  const title = /^-- (.*\S)/.exec(text)?.[1]
  if (title !== undefined) return title
  throw new DwhError('CONFIG_INVALID', `query ${name}.sql: no title on the first line`, {
    hint: 'Begin the file with a comment that is its title: -- Revenue by month',
    context: { name },
  })
}

function place(name: string): number {
  const index = READING_ORDER.indexOf(name)
  return index === -1 ? READING_ORDER.length : index
}
