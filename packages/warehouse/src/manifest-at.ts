import {
  type Day,
  type DayManifest,
  DwhError,
  daysBefore,
  type EtlState,
  isDwhError,
  monthOf,
  type ObjectStore,
} from '@dwh/core'
import { listDays, readManifest, readMonth } from '@dwh/metadata'
import { readManifests } from './read-manifests.ts'

/** How far to look back in a storage that cannot list its days. */
const LOOK_BACK_DAYS = 366

/**
 * Reads the list of the last day at or before `asked`: at most one request per month up to it, mostly two in all.
 * @throws DwhError CONFIG_INVALID, with the first day, if there is no day at or before `asked`
 */
export async function manifestAt(
  store: ObjectStore,
  state: EtlState,
  asked: Day,
  signal: AbortSignal | undefined,
): Promise<DayManifest> {
  if (state.older) return olderManifestAt(store, state, asked, signal)
  const months = Object.keys(state.months).sort()
  for (const month of months.filter((month) => month <= monthOf(asked)).reverse()) {
    const index = await readMonth(store, state, month, { signal })
    const days = Object.keys(index?.days ?? {}).sort()
    for (const day of days.filter((day) => day <= asked).reverse()) {
      const months = new Map(index ? [[month, index]] : [])
      const manifest = await readManifest(store, state, day, { signal, months })
      // null where it was pruned in between
      if (manifest) return manifest
    }
  }
  const first = months[0] === undefined ? null : await readMonth(store, state, months[0], { signal })
  throw noDay(asked, Object.keys(first?.days ?? {}).sort()[0])
}

/**
 * Up to version 3 only a list of the objects told which days there are. A web server cannot list: there it looks back
 * 366 days at most.
 */
async function olderManifestAt(
  store: ObjectStore,
  state: EtlState,
  asked: Day,
  signal: AbortSignal | undefined,
): Promise<DayManifest> {
  const exact = await readManifest(store, state, asked, { signal }).catch(nullIfDenied)
  if (exact) return exact
  let days: Day[]
  try {
    days = await listDays(store, state, { signal })
  } catch (error) {
    if (!isDwhError(error, 'STORE_DENIED')) throw error
    return lookBack(store, state, asked, signal)
  }
  for (const day of days.filter((day) => day < asked).reverse()) {
    const manifest = await readManifest(store, state, day, { signal })
    // null where it was pruned in between
    if (manifest) return manifest
  }
  throw noDay(asked, days[0])
}

function noDay(asked: Day, first: Day | undefined): DwhError {
  const found = first === undefined ? 'the warehouse has no days' : `the first day of the warehouse is ${first}`
  return new DwhError('CONFIG_INVALID', `as of ${asked}: ${found}`, {
    hint: first === undefined ? 'Make one with `dwh run`.' : 'Give this day or a later one; `dwh days` lists all.',
  })
}

/** A storage that may not be listed answers for a missing object as for a forbidden one. `etl.json` could be read. */
function nullIfDenied(error: unknown): null {
  if (isDwhError(error, 'STORE_DENIED')) return null
  throw error
}

async function lookBack(
  store: ObjectStore,
  state: EtlState,
  asked: Day,
  signal: AbortSignal | undefined,
): Promise<DayManifest> {
  const current = Object.values(state.tables).map(({ date }) => date)
  const last = current.sort().at(-1)
  // no day is later than that of the last current table
  const days = daysBackFrom(last !== undefined && last < asked ? last : asked)
  for await (const manifest of readManifests(store, state, days, signal, nullIfDenied)) return manifest
  throw new DwhError('CONFIG_INVALID', `as of ${asked}: no day found in the ${LOOK_BACK_DAYS} days up to it`, {
    hint: `This storage cannot list its days. The last one is ${last ?? 'not known'}.`,
  })
}

function daysBackFrom(day: Day): Day[] {
  return Array.from({ length: LOOK_BACK_DAYS }, (_, ago) => daysBefore(day, ago)).filter((one) => one !== null)
}
