import type { DwhErrorCode } from '@dwh/core'
import type { FaultProxy, NetworkFault } from '@dwh/test-kit'
import { DEADLINES, type NetworkLab, S3_DEADLINE_MS } from './network-lab.ts'

export interface Scenario {
  readonly name: string
  /** The outcome of the run: published, or one of these errors. */
  readonly ends: 'published' | readonly DwhErrorCode[]
  /** The deadline that the run waits for; 0 if it does not wait. */
  readonly deadlineMs: number
  readonly include?: readonly string[]
  breaks(lab: NetworkLab, prefix: string): void
}

const MEGABYTE = 1_000_000
const ALWAYS = Number.POSITIVE_INFINITY
const CONNECT_MS = DEADLINES.connectSeconds * 1000
/** A dead connection is noticed within one and a half heartbeats. */
const NOTICED_MS = 1.5 * DEADLINES.heartbeatMs
const READS = 'COPY ('
const EVENTS = 'COPY (SELECT \'\', "id", "body"'
const PROFILES = 'count(*)'
const UPLOADS = '/events/'

const inPostgres = (fault: NetworkFault) => ({ breaks: ({ postgres }: NetworkLab) => void postgres.add(fault) })
const inBucket = (fault: NetworkFault) => ({ breaks: ({ bucket }: NetworkLab) => void bucket.add(fault) })

const having = (
  where: 'postgres' | 'bucket',
  settings: Partial<Pick<FaultProxy, 'latencyMs' | 'bytesPerSecond' | 'silent'>>,
) => ({
  breaks: (lab: NetworkLab) => void Object.assign(lab[where], settings),
})

const FAILED = ['SOURCE_FAILED'] as const
const UNREACHABLE = ['SOURCE_UNREACHABLE'] as const
const NO_STORE = ['STORE_UNREACHABLE'] as const

export const POSTGRES_SCENARIOS: readonly Scenario[] = [
  {
    name: 'latency of 20 ms',
    ends: 'published',
    deadlineMs: 0,
    ...having('postgres', { latencyMs: 20 }),
  },
  {
    name: 'bandwidth of 4 MB/s',
    ends: 'published',
    deadlineMs: 10_000,
    ...having('postgres', { bytesPerSecond: 4 * MEGABYTE }),
  },
  {
    name: 'accepts connections, sends nothing',
    ends: UNREACHABLE,
    deadlineMs: CONNECT_MS,
    ...having('postgres', { silent: true }),
  },
  {
    name: 'closes at the first byte',
    ends: [...FAILED, ...UNREACHABLE],
    deadlineMs: 0,
    ...inPostgres({ does: 'close', direction: 'up', times: ALWAYS }),
  },
  {
    name: 'resets at the first byte',
    ends: UNREACHABLE,
    deadlineMs: 0,
    ...inPostgres({ does: 'reset', direction: 'up', times: ALWAYS }),
  },
  {
    name: 'black hole within the password',
    ends: UNREACHABLE,
    deadlineMs: CONNECT_MS,
    ...inPostgres({ does: 'black-hole', afterBytes: 10, times: ALWAYS }),
  },
  {
    name: 'BEGIN of the snapshot is lost',
    ends: FAILED,
    deadlineMs: NOTICED_MS,
    ...inPostgres({ does: 'black-hole', direction: 'up', sees: 'BEGIN' }),
  },
  {
    name: 'cut at the export of the snapshot',
    ends: FAILED,
    deadlineMs: 0,
    ...inPostgres({ does: 'close', sees: 'pg_export_snapshot' }),
  },
  {
    name: 'the catalog is lost',
    ends: FAILED,
    deadlineMs: NOTICED_MS + CONNECT_MS,
    ...inPostgres({ does: 'black-hole', sees: 'pg_attribute', afterBytes: 100 }),
  },
  {
    name: 'cut before a first aggregate',
    ends: FAILED,
    deadlineMs: 0,
    ...inPostgres({ does: 'close', sees: PROFILES }),
  },
  {
    name: 'aggregates are lost, once',
    ends: 'published',
    deadlineMs: NOTICED_MS,
    ...inPostgres({ does: 'black-hole', sees: PROFILES }),
  },
  {
    name: 'cut after 1 byte of COPY',
    ends: FAILED,
    deadlineMs: 0,
    ...inPostgres({ does: 'close', sees: READS, afterBytes: 1 }),
  },
  {
    name: 'cut after 1 MB of COPY',
    ends: FAILED,
    deadlineMs: 0,
    ...inPostgres({ does: 'close', sees: EVENTS, afterBytes: MEGABYTE }),
  },
  {
    name: 'reset after 1 MB of COPY',
    ends: FAILED,
    deadlineMs: 0,
    ...inPostgres({ does: 'reset', sees: EVENTS, afterBytes: MEGABYTE }),
  },
  {
    name: 'half-closed after 5 MB of COPY',
    ends: FAILED,
    deadlineMs: 0,
    ...inPostgres({ does: 'half-close', sees: EVENTS, afterBytes: 5 * MEGABYTE }),
  },
  {
    name: 'black hole after 1 MB of COPY, once',
    ends: 'published',
    deadlineMs: NOTICED_MS,
    ...inPostgres({ does: 'black-hole', sees: EVENTS, afterBytes: MEGABYTE }),
  },
  {
    name: 'black hole after 1 MB of COPY, always',
    ends: FAILED,
    deadlineMs: 2 * NOTICED_MS,
    ...inPostgres({ does: 'black-hole', sees: EVENTS, afterBytes: MEGABYTE, times: ALWAYS }),
  },
  {
    name: 'black hole for the COPY command, once',
    ends: 'published',
    deadlineMs: NOTICED_MS,
    ...inPostgres({ does: 'black-hole', direction: 'up', sees: EVENTS }),
  },
  {
    name: 'black hole for all, after 1 MB of COPY',
    ends: FAILED,
    deadlineMs: NOTICED_MS,
    ...inPostgres({ does: 'black-hole-all', sees: EVENTS, afterBytes: MEGABYTE }),
  },
  {
    name: 'COMMIT of a reader is lost',
    ends: 'published',
    deadlineMs: NOTICED_MS,
    ...inPostgres({ does: 'black-hole', direction: 'up', sees: 'COMMIT' }),
  },
  {
    name: 'a view that sleeps for 4 heartbeats',
    ends: 'published',
    deadlineMs: 12_000,
    include: ['*', 'slow'],
    breaks: () => {},
  },
]

export const BUCKET_SCENARIOS: readonly Scenario[] = [
  { name: 'latency of 20 ms', ends: 'published', deadlineMs: 0, ...having('bucket', { latencyMs: 20 }) },
  {
    name: 'bandwidth of 4 MB/s',
    ends: 'published',
    deadlineMs: 10_000,
    ...having('bucket', { bytesPerSecond: 4 * MEGABYTE }),
  },
  {
    name: 'accepts connections, sends nothing',
    ends: NO_STORE,
    deadlineMs: S3_DEADLINE_MS,
    ...having('bucket', { silent: true }),
  },
  {
    name: 'resets at the first byte',
    ends: NO_STORE,
    deadlineMs: 0,
    ...inBucket({ does: 'reset', direction: 'up', times: ALWAYS }),
  },
  {
    name: 'cut after 1 MB up, once',
    ends: 'published',
    deadlineMs: 0,
    ...inBucket({ does: 'close', direction: 'up', sees: UPLOADS, afterBytes: MEGABYTE }),
  },
  {
    name: 'cut after 1 MB up, always',
    ends: NO_STORE,
    deadlineMs: 0,
    ...inBucket({ does: 'close', direction: 'up', sees: UPLOADS, afterBytes: MEGABYTE, times: ALWAYS }),
  },
  {
    name: 'half-closed after 1 MB up',
    ends: ['STORE_FAILED', 'STORE_UNREACHABLE'],
    deadlineMs: S3_DEADLINE_MS,
    ...inBucket({ does: 'half-close', direction: 'up', sees: UPLOADS, afterBytes: MEGABYTE }),
  },
  {
    name: 'black hole after 1 MB up, once',
    ends: 'published',
    deadlineMs: S3_DEADLINE_MS,
    ...inBucket({ does: 'black-hole', direction: 'up', sees: UPLOADS, afterBytes: MEGABYTE }),
  },
  {
    name: 'black hole after 1 MB up, always',
    ends: NO_STORE,
    deadlineMs: S3_DEADLINE_MS,
    ...inBucket({ does: 'black-hole', direction: 'up', sees: UPLOADS, afterBytes: MEGABYTE, times: ALWAYS }),
  },
  {
    name: 'black hole for all, after 1 MB up',
    ends: NO_STORE,
    deadlineMs: S3_DEADLINE_MS,
    ...inBucket({ does: 'black-hole-all', direction: 'up', sees: UPLOADS, afterBytes: MEGABYTE }),
  },
  {
    name: 'the answer to an upload is lost, once',
    ends: 'published',
    deadlineMs: S3_DEADLINE_MS,
    ...inBucket({ does: 'black-hole', sees: UPLOADS }),
  },
  {
    name: 'black hole for the commit, once',
    ends: 'published',
    deadlineMs: S3_DEADLINE_MS,
    ...inBucket({ does: 'black-hole', sees: 'etl.json?x-id=PutObject' }),
  },
]
