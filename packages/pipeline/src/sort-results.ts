import type { TableEntry } from '@dwh/core'
import type { Publication } from '@dwh/metadata'
import type { TableResult } from './execute-plan.ts'
import { failureOf } from './run-record.ts'

/** Divides the results of a run into the tables to publish, read or unchanged, and reasons of failed ones. */
export function sortResults(
  results: readonly TableResult[],
): Pick<Publication, 'failed'> & { published: Publication['tables'] } {
  const published: [string, TableEntry][] = []
  const failed: [string, Publication['failed'][string]][] = []
  for (const result of results) {
    if (result.status !== 'failed') published.push([result.name, result.entry])
    else failed.push([result.name, failureOf(result.error)])
  }
  return { published: Object.fromEntries(published), failed: Object.fromEntries(failed) }
}
