import type { Fault } from '@dwh/s3-server'
import { S3_DEADLINE_MS } from './network-lab.ts'
import type { Scenario } from './network-scenarios.ts'

const NO_STORE = ['STORE_UNREACHABLE'] as const

/** Applies to requests of one operation whose key matches. */
function striking(
  operation: string,
  key: RegExp,
  times: number,
  fault: Fault | readonly Fault[],
): Pick<Scenario, 'breaks'> {
  return {
    breaks({ script }, prefix) {
      script({
        when: (request) =>
          request.operation === operation && request.key.startsWith(`${prefix}/`) && key.test(request.key),
        times,
        do: fault,
      })
    },
  }
}

const answer = (status: number, code: string, headers: Record<string, string> = {}): Fault => ({
  respond: { status, code, headers },
})
const STATE = /\/etl\.json$/
/** The answer may be lost with the connection, since it is sent before a large body is read. */
const SMALL = /\/parts\/orders\/.*\.parquet$/
const PARQUET = /\.parquet$/
const ALWAYS = Number.POSITIVE_INFINITY

/** Faulty answers of the store itself. */
export const SERVER_SCENARIOS: readonly Scenario[] = [
  {
    name: '500 to an upload, once',
    ends: 'published',
    deadlineMs: 0,
    ...striking('PutObject', PARQUET, 1, answer(500, 'InternalError')),
  },
  {
    name: '500 to every upload',
    ends: NO_STORE,
    deadlineMs: 0,
    ...striking('PutObject', PARQUET, ALWAYS, answer(500, 'InternalError')),
  },
  {
    name: '503 with Retry-After, once',
    ends: 'published',
    deadlineMs: 1_000,
    ...striking('PutObject', PARQUET, 1, answer(503, 'SlowDown', { 'Retry-After': '1' })),
  },
  {
    name: '503 with Retry-After to every list',
    ends: 'published',
    deadlineMs: 2_000,
    ...striking('ListObjectsV2', /(?:)/, ALWAYS, answer(503, 'SlowDown', { 'Retry-After': '1' })),
  },
  {
    name: '403 to a small upload',
    ends: ['STORE_DENIED'],
    deadlineMs: 0,
    ...striking('PutObject', SMALL, ALWAYS, answer(403, 'AccessDenied')),
  },
  {
    name: '507 to a small upload',
    ends: ['STORE_FULL'],
    deadlineMs: 0,
    ...striking('PutObject', SMALL, ALWAYS, answer(507, 'QuotaExceeded')),
  },
  {
    name: '409 to the commit, once',
    ends: 'published',
    deadlineMs: 0,
    ...striking('PutObject', STATE, 1, answer(409, 'ConditionalRequestConflict')),
  },
  {
    name: '412 to the commit, once, without another writer',
    ends: 'published',
    deadlineMs: 0,
    ...striking('PutObject', STATE, 1, answer(412, 'PreconditionFailed')),
  },
  {
    name: '412 to the commit, always',
    ends: ['STORE_FAILED', 'CONFLICT'],
    deadlineMs: 0,
    ...striking('PutObject', STATE, ALWAYS, answer(412, 'PreconditionFailed')),
  },
  {
    name: 'the answer to the commit is lost',
    ends: 'published',
    deadlineMs: 0,
    ...striking('PutObject', STATE, 1, 'drop-after'),
  },
  {
    name: 'the answer to the commit is lost, always',
    ends: 'published',
    deadlineMs: 0,
    ...striking('PutObject', STATE, ALWAYS, 'drop-after'),
  },
  {
    name: 'the commit hangs, done',
    ends: 'published',
    deadlineMs: S3_DEADLINE_MS,
    ...striking('PutObject', STATE, 1, { hang: 'answer' }),
  },
  {
    name: 'the commit never arrives',
    ends: ['STORE_FAILED', 'STORE_UNREACHABLE'],
    deadlineMs: 0,
    ...striking('PutObject', STATE, ALWAYS, 'drop-before'),
  },
  {
    name: 'the answer to an upload is lost',
    ends: 'published',
    deadlineMs: 0,
    ...striking('PutObject', PARQUET, 2, 'drop-after'),
  },
  {
    name: 'an upload that answers 200 and stores nothing',
    ends: ['STORE_FAILED'],
    deadlineMs: 0,
    ...striking('PutObject', PARQUET, 1, { respond: { status: 200, headers: { etag: '"0123"' } } }),
  },
  {
    name: 'an upload that answers a wrong ETag',
    ends: ['STORE_FAILED'],
    deadlineMs: 0,
    ...striking('HeadObject', /_dwh\/parts\/.*parquet$/, ALWAYS, {
      respond: { status: 200, headers: { etag: '"0123"', 'content-length': '17' } },
    }),
  },
  {
    name: 'the answer to a plain copy is lost',
    ends: 'published',
    deadlineMs: 0,
    ...striking('CopyObject', /^w\d+\/orders\/.*\.parquet$/, 1, 'drop-after'),
  },
  {
    name: 'a plain copy fails, after the commit',
    ends: 'published',
    deadlineMs: 0,
    ...striking('CopyObject', /^w\d+\/orders\/.*\.parquet$/, 2, answer(500, 'InternalError')),
  },
  {
    name: 'a copy that answers 200 with an error',
    ends: 'published',
    deadlineMs: 0,
    ...striking('CopyObject', PARQUET, 1, answer(200, 'InternalError')),
  },
  {
    name: 'etl.json is cut after 20 bytes, once',
    ends: 'published',
    deadlineMs: 0,
    ...striking('GetObject', STATE, 1, { cutAfterBytes: 20 }),
  },
  {
    name: 'etl.json is cut after 20 bytes, always',
    ends: ['STORE_UNREACHABLE'],
    deadlineMs: 0,
    ...striking('GetObject', STATE, ALWAYS, { cutAfterBytes: 20 }),
  },
  {
    name: 'a changed byte in etl.json',
    ends: ['DAMAGED'],
    deadlineMs: 0,
    ...striking('GetObject', STATE, ALWAYS, { corruptAt: 30 }),
  },
  {
    name: 'a stale list',
    ends: 'published',
    deadlineMs: 0,
    ...striking('ListObjectsV2', /(?:)/, ALWAYS, { staleList: 5 }),
  },
  {
    name: 'every first byte takes 300 ms',
    ends: 'published',
    deadlineMs: 12_000,
    breaks: ({ script }) => script({ when: () => true, do: { slow: { firstByteMs: 300 } } }),
  },
]
