import { PAST_DAY, VALUES, type Warehouse } from './lab.ts'
import { inShort } from './processes.ts'

/** What `dwh query` says the tables of the day in question hold: one value, since no run has ever seen another beside it. */
export async function seenValue(warehouse: Warehouse): Promise<{ value: number | null; problem: string | null }> {
  const day = warehouse.kind === 'past' ? ['--as-of', PAST_DAY] : []
  const ended = await warehouse.dwh(['query', '--format', 'csv', ...day, VALUES])
  if (ended.code === 2 && ended.stderr.includes('no warehouse here yet')) return { value: null, problem: null }
  if (ended.code !== 0) return { value: null, problem: `dwh query: ${inShort(ended)}` }
  const [, least, most] = /^v\n(\d+) (\d+)\n$/.exec(ended.stdout) ?? []
  if (least === undefined || least !== most)
    return { value: null, problem: `dwh query: a mixed answer: ${ended.stdout.trim().replace('\n', ' ')}` }
  return { value: Number(least), problem: null }
}

/** Empty when `dwh query` answers with one of these values. */
export async function checkReaders(
  warehouse: Warehouse,
  expected: readonly (number | null)[],
  onSeen: (value: number | null) => void = () => {},
): Promise<string[]> {
  const { value, problem } = await seenValue(warehouse)
  onSeen(value)
  if (problem) return [problem]
  if (expected.includes(value)) return []
  return [`dwh query: sees the value ${value}, not ${expected.join(' or ')}`]
}
