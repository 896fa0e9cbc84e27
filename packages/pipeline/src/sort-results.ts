import type { TableEntry } from '@dwh/core'
import type { Publication } from '@dwh/metadata'
import type { TableResult } from './execute-plan.ts'
import { failureOf } from './run-record.ts'

/** Divides the results of a run into written tables and reasons of failed ones. */
export function sortResults(
  results: readonly TableResult[],
): Pick<Publication, 'failed'> & { written: Publication['tables'] } {
  const written: [string, TableEntry][] = []
  const failed: [string, Publication['failed'][string]][] = []
  for (const result of results) {
    if (result.status === 'written') written.push([result.name, result.entry])
    else failed.push([result.name, failureOf(result.error)])
  }
  return { written: Object.fromEntries(written), failed: Object.fromEntries(failed) }
}
