import { type Day, DwhError, manifestKey, type ObjectStore, type PrunedDay } from '@dwh/core'
import { clean, RETAINED_FOR_MS, readState, untilWritten, writeState } from '@dwh/metadata'
import { type KeepRule, keepDays, type Retention } from './keep-days.ts'
import { readWarehouse } from './read-warehouse.ts'
import { type MaintenanceOptions, withLease } from './with-lease.ts'

export interface PruneOptions extends MaintenanceOptions {
  readonly keep: Retention
  /** False: only returns the plan. */
  readonly remove: boolean
}

/** A day that was or would be removed, with the files that no remaining day uses. */
export interface PruneDay {
  readonly date: Day
  readonly files: number
  readonly bytes: number
}

/** A day that stays, and why. */
export interface KeptDay {
  readonly date: Day
  readonly rules: readonly KeepRule[]
}

/** All days in the order of their dates. */
export interface PruneReport {
  /** The days that were removed; empty without `remove`. */
  readonly removed: readonly PruneDay[]
  /** Without `remove`: the days that it would remove; otherwise empty. */
  readonly wouldRemove: readonly PruneDay[]
  readonly kept: readonly KeptDay[]
}

/**
 * Prunes a warehouse: removes the manifests of old days, and the files that no other manifest names. Keeps the days of
 * the retention, and every day as of which a table is current. One conditional write of `etl.json` lists what will be
 * removed. So the next run finishes an interrupted prune, and no run in flight publishes such a day.
 * @throws DwhError CONFIG_INVALID for a retention that keeps nothing, STATE_INVALID where a manifest cannot be read,
 * CONFLICT while a run is in progress
 */
export async function pruneWarehouse(options: PruneOptions): Promise<PruneReport> {
  const { keep, remove } = options
  if (!Object.values(keep).some((count) => count !== undefined && count > 0))
    throw new DwhError('CONFIG_INVALID', 'prune: nothing says which days to keep', {
      hint: 'Give at least one of --keep-daily, --keep-weekly, --keep-monthly, --keep-yearly, or keep: in dwh.yaml.',
    })
  if (!remove) {
    const { days, kept } = await planPrune(options.store, keep)
    return { removed: [], wouldRemove: days, kept }
  }
  return withLease(options, (store, raiseToken) => prune(store, raiseToken, options))
}

async function prune(store: ObjectStore, raiseToken: boolean, { keep, clock }: PruneOptions): Promise<PruneReport> {
  await clean(store, { now: clock(), raiseToken })
  const { days, kept } = await untilWritten(async () => {
    const base = await readState(store)
    const plan = await planPrune(store, keep)
    if (plan.removals.length === 0) return plan
    const now = clock()
    const until = new Date(now.getTime() + RETAINED_FOR_MS).toISOString()
    const pruned: PrunedDay[] = [
      ...base.state.pruned.filter((day) => day.until > now.toISOString()),
      ...plan.removals.map(({ date, keys }) => ({ date, until, keys })),
    ]
    await writeState(store, base, { ...base.state, fencing_token: base.state.fencing_token + 1, pruned })
    return plan
  })
  if (days.length > 0) await clean(store, { now: clock(), raiseToken: false })
  return { removed: days, wouldRemove: [], kept }
}

interface PrunePlan {
  /** The days to remove. */
  readonly days: readonly PruneDay[]
  readonly kept: readonly KeptDay[]
  /** The manifest's key comes first: without a manifest readers do not see the day. */
  readonly removals: readonly { readonly date: Day; readonly keys: readonly string[] }[]
}

async function planPrune(store: ObjectStore, keep: Retention): Promise<PrunePlan> {
  const { state, manifests, unreadable } = await readWarehouse(store)
  const [first] = unreadable.values()
  if (first) throw first
  if (!state && manifests.size > 0)
    throw new DwhError('STATE_INVALID', `${store.url}: etl.json is missing, although there are manifests`, {
      hint: 'Run `dwh repair`.',
    })
  const days = [...manifests.keys()].sort()
  const rules = keepDays(days, keep)
  for (const date of new Set(Object.values(state?.tables ?? {}).map(({ date }) => date)))
    rules.set(date, [...(rules.get(date) ?? []), 'current'])
  const going = days.filter((day) => !rules.has(day))
  const staying = days.filter((day) => rules.has(day))
  const filesOf = (day: Day) => Object.values(manifests.get(day)?.tables ?? {}).flatMap(({ files }) => files)
  const named = new Set(staying.flatMap((day) => filesOf(day).map(({ key }) => key)))
  for (const { files } of Object.values(state?.tables ?? {})) for (const { key } of files) named.add(key)
  const removals = going.map((date) => {
    const files = filesOf(date).filter(({ key }) => !named.has(key))
    return { date, files, keys: [manifestKey(date), ...files.map(({ key }) => key)] }
  })
  return {
    days: removals.map(({ date, files }) => ({
      date,
      files: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    })),
    kept: staying.map((date) => ({ date, rules: rules.get(date) ?? [] })),
    removals,
  }
}
