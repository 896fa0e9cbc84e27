import { inShort } from '@dwh/harness'
import { PAST_DAY, VALUES, type Warehouse } from './lab.ts'

/**
 * Returns the value that `dwh query` finds in the tables of the day; each consistent state has one value in all rows.
 * Throws if the query fails or finds several values.
 */
export async function seenValue(warehouse: Warehouse): Promise<number | null> {
  const day = warehouse.kind === 'past' ? ['--as-of', PAST_DAY] : []
  const ended = await warehouse.dwh(['query', '--format', 'csv', ...day, VALUES])
  if (ended.code === 2 && ended.stderr.includes('no warehouse here yet')) return null
  if (ended.code !== 0) throw new Error(`dwh query: ${inShort(ended)}`)
  const [, least, most] = /^v\n(\d+) (\d+)\n$/.exec(ended.stdout) ?? []
  if (least === undefined || least !== most)
    throw new Error(`dwh query: several values: ${ended.stdout.trim().replace('\n', ' ')}`)
  return Number(least)
}

/** Returns an empty list if `dwh query` finds this value. */
export async function checkReaders(warehouse: Warehouse, expected: number | null): Promise<string[]> {
  try {
    const value = await seenValue(warehouse)
    return value === expected ? [] : [`dwh query: sees the value ${value}, not ${expected}`]
  } catch (error) {
    return [(error as Error).message]
  }
}
