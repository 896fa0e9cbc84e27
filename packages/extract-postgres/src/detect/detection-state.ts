import type { DetectionState } from '@dwh/core'
import type { ServerHistory, SnapshotNumbers } from './server-history.ts'
import type { TableFingerprint } from './table-fingerprint.ts'

/** Raised when a field changes its meaning; states of other versions lead to a full read. New fields do not need it. */
export const STATE_VERSION = 1

/** What is stored of a table at a snapshot. */
export interface PostgresDetectionState extends DetectionState, TableFingerprint {
  readonly kind: 'postgres'
  readonly version: typeof STATE_VERSION
  readonly server: ServerHistory
  readonly snapshot: SnapshotNumbers
}

export function toState(
  { server, snapshot }: Pick<PostgresDetectionState, 'server' | 'snapshot'>,
  { structure, storage, reading }: TableFingerprint,
): PostgresDetectionState {
  return { kind: 'postgres', version: STATE_VERSION, server, snapshot, structure, storage, reading }
}

/** Reads a stored state; null if it is of another version or not as `toState` makes it. */
export function parseState(stored: unknown): PostgresDetectionState | null {
  if (!isObject(stored) || stored.kind !== 'postgres' || stored.version !== STATE_VERSION) return null
  const { server, snapshot, structure, storage, reading } = stored
  const hashes = [structure, storage, reading].every(isHash)
  return hashes && isHistory(server) && isNumbers(snapshot) ? (stored as unknown as PostgresDetectionState) : null
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string'
const isMatch = (value: unknown, pattern: RegExp): boolean => isText(value) && pattern.test(value)
const isHash = (value: unknown): boolean => isMatch(value, /^[0-9a-f]{64}$/)
const isTransactionId = (value: unknown): boolean => isMatch(value, /^\d{1,20}$/)

function isHistory(value: unknown): boolean {
  if (!isObject(value)) return false
  const { system_identifier, database, standby, timeline, started, recovered } = value
  const texts = [system_identifier, timeline].every((each) => each === null || isText(each))
  return texts && Number.isSafeInteger(database) && typeof standby === 'boolean' && isText(started) && isText(recovered)
}

function isNumbers(value: unknown): boolean {
  if (!isObject(value)) return false
  const { xmin, xmax, position } = value
  const log = position === null || isMatch(position, /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/)
  return log && isTransactionId(xmin) && isTransactionId(xmax)
}
