import { DwhError, type EtlState, type OnTableError, own, type SourceIdentity } from '@dwh/core'
import type { TableResult } from './execute-plan.ts'
import { differingFields, type RunPlan } from './plan-run.ts'

export interface CheckResultsOptions {
  readonly onTableError: OnTableError
  readonly plan: RunPlan
  /** State before this run. */
  readonly state: EtlState
  /** Current identity of each source, by name. */
  readonly sources: Readonly<Record<string, SourceIdentity>>
}

/**
 * Checks that a run may be published: with all tables, or with some if the settings allow it.
 * @throws DwhError RUN_FAILED, with the first failure's message, and `context.tables`
 */
export function checkResults(results: readonly TableResult[], options: CheckResultsOptions): void {
  const failed = results.flatMap((result) => (result.status === 'failed' ? [result] : []))
  const [first] = failed
  if (!first) return
  const names = failed.map(({ name }) => name)
  const foreign = fromAnotherDatabase(names, options)
  if (options.onTableError === 'keep-previous' && failed.length < results.length && foreign.length === 0) return
  const others = failed.length === 1 ? '' : `, and ${failed.length - 1} more`
  throw new DwhError('RUN_FAILED', `${first.error.message}${others}`, {
    cause: first.error,
    hint:
      options.onTableError === 'fail' || foreign.length === 0
        ? hintsOf(failed.map(({ error }) => error))
        : `Nothing was published: the previous version of ${foreign.join(', ')} is from another database than the one that was read now.`,
    context: { tables: names },
  })
}

/** Maximum number of hints in a message. */
const SHOWN = 5

/** The hints of all failures, each once. */
function hintsOf(errors: readonly DwhError[]): string | undefined {
  const hints = [...new Set(errors.flatMap(({ hint }) => hint ?? []))]
  const more = hints.length > SHOWN ? [`And ${hints.length - SHOWN} more: dwh history --json.`] : []
  return hints.length === 0 ? undefined : [...hints.slice(0, SHOWN), ...more].join('\n')
}

/**
 * Finds tables whose previous version is from another database: a warehouse holds one database per source, never tables
 * of two.
 */
function fromAnotherDatabase(names: readonly string[], { plan, state, sources }: CheckResultsOptions): string[] {
  return names.filter((name) => {
    const source = plan.tables.find((table) => table.name === name)?.source ?? ''
    const now = sources[source]
    return state.tables[name] !== undefined && now && differingFields(own(state.sources, source), now).length > 0
  })
}
