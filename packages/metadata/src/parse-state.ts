import { createHash } from 'node:crypto'
import {
  type DayManifest,
  type DayRecords,
  DwhError,
  type EtlState,
  type MonthIndex,
  RUNS_PREFIX,
  type RunRecord,
  STATE_KEY,
} from '@dwh/core'
import * as v from 'valibot'
import { FORMAT_VERSION, isFields, upgradeRecord, upgradeState } from './old-formats.ts'

const version = v.pipe(
  v.picklist([1, 2, 3, FORMAT_VERSION]),
  v.transform(() => FORMAT_VERSION),
)
const text = v.string()
const textOrNull = v.nullable(text)
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const hash = v.pipe(text, v.regex(/^[0-9a-f]{64}$/, 'expected a hex SHA-256'))
const policy = v.picklist(['daily', 'changed', 'month-end', 'never'])
const day = v.pipe(text, v.regex(/^\d{4}-\d\d-\d\d$/, 'expected a day, YYYY-MM-DD'))

// loose everywhere: rewriting a file preserves the fields that a later version added
const ref = v.looseObject({ key: text, bytes: count, sha256: hash })
const file = v.looseObject({ key: text, rows: count, bytes: count, sha256: hash })

/** As `v.record`, but keeps keys such as `constructor`, `prototype` or `__proto__`: a column may have this name. */
function byName<T>(schema: v.GenericSchema<unknown, T>) {
  return v.pipe(
    v.custom<Record<string, unknown>>(isFields, 'expected an object'),
    v.rawTransform(({ dataset, addIssue }) => {
      const entries = Object.entries(dataset.value).map(([key, value]) => {
        const result = v.safeParse(schema, value)
        for (const { message, path = [] } of result.issues ?? [])
          addIssue({ message, path: [{ type: 'object', origin: 'value', input: dataset.value, key, value }, ...path] })
        return [key, result.output as T] as const
      })
      return Object.fromEntries(entries)
    }),
  )
}

const measures = byName(v.record(text, textOrNull))

const table = v.looseObject({
  source: v.looseObject({ name: text, schema: text, table: text }),
  run_id: text,
  date: day,
  mode: v.literal('snapshot'),
  snapshot: v.looseObject({ id: textOrNull, position: textOrNull, taken_at: text }),
  read_at: v.optional(text),
  proved_at: v.optional(text),
  files: v.array(file),
  columns: v.array(
    v.looseObject({
      id: v.optional(count),
      element_id: v.optional(count),
      name: text,
      type: text,
      nullable: v.boolean(),
      source_type: textOrNull,
      stored_as: v.optional(text),
      stored_for: v.optional(v.array(text)),
    }),
  ),
  proof: v.variant('level', [
    v.looseObject({ level: v.literal('counts'), rows: count }),
    v.looseObject({ level: v.literal('columns'), rows: count, columns: measures }),
    v.looseObject({ level: v.literal('hash'), rows: count, columns: measures, hash: text }),
  ]),
  schema_hash: text,
  primary_key: v.array(text),
  complete: v.optional(policy),
  watermark: v.null(),
  lossy_conversions: byName(v.looseObject({ choice: text, values: count })),
  // only the source that made a state knows its fields
  detection: v.optional(v.looseObject({ state: v.looseObject({ kind: text, version: count }), settings: hash })),
})

const tables = byName(table)

const failed = { run_id: text, at: text, code: text, message: text, hint: textOrNull }
const failure = v.looseObject({ ...failed, tables: v.array(text) })

const state = v.looseObject({
  version,
  last_run_at: textOrNull,
  status: v.picklist(['none', 'success', 'partial']),
  duration_ms: v.nullable(count),
  counts: byName(count),
  run_id: textOrNull,
  last_run_of_all: v.optional(v.nullable(v.looseObject({ run_id: text, at: text, duration_ms: count }))),
  sources: byName(v.looseObject({ kind: text })),
  fencing_token: count,
  months: byName(ref),
  copies_pending: v.array(day),
  retired: v.array(v.looseObject({ run_id: text, until: textOrNull, days: v.array(day), keys: v.array(text) })),
  older: v.optional(
    v.looseObject({
      publishing: v.nullable(v.looseObject({ run_id: text, date: day, keys: v.array(text) })),
      retained: v.array(v.looseObject({ key: text, sha256: hash, retained_as: text, until: text })),
      pruned: v.array(v.looseObject({ date: day, until: text, keys: v.array(text) })),
    }),
  ),
  tables,
  former_tables: v.optional(v.array(text)),
  column_ids: v.optional(byName(count), {}),
  failed_tables: v.optional(byName(v.looseObject(failed)), {}),
  last_failure: v.nullable(failure),
  conditional_writes: v.optional(v.boolean(), true),
})

const manifest = v.looseObject({ version, date: day, run_id: text, tables })

const index = v.looseObject({
  version,
  month: v.pipe(text, v.regex(/^\d{4}-\d\d$/, 'expected a month, YYYY-MM')),
  run_id: text,
  fencing_token: count,
  days: byName(v.looseObject({ manifest: ref, tables: byName(v.array(count)), complete: v.optional(byName(policy)) })),
  files: v.array(file),
  root: v.optional(
    v.looseObject({ others: byName(ref), current: byName(day), sources: byName(v.looseObject({ kind: text })) }),
  ),
})

const outcome = v.variant('status', [
  v.looseObject({
    status: v.literal('written'),
    rows: count,
    bytes: count,
    duration_ms: count,
    proof_ms: v.optional(count),
    method: v.optional(text),
    reason: v.optional(v.looseObject({ id: text, text })),
  }),
  v.looseObject({ status: v.literal('unchanged'), rows: count, proved: v.optional(v.boolean()) }),
  v.looseObject({ status: v.literal('failed'), code: text, message: text, hint: textOrNull }),
  v.looseObject({ status: v.literal('not read') }),
])

const record = v.looseObject({
  version,
  run_id: text,
  status: v.picklist(['success', 'partial', 'failed']),
  date: day,
  started_at: text,
  finished_at: text,
  duration_ms: count,
  tables: byName(outcome),
  oldest_taken_at: v.optional(text),
  newest_taken_at: v.optional(text),
  error: v.nullable(v.looseObject({ code: text, message: text, hint: textOrNull })),
})

const dayRecords = v.looseObject({ version, day, runs: v.array(record) })

/** @throws DwhError STATE_INVALID, naming the first invalid field */
export const parseState = (body: Uint8Array): EtlState =>
  parse(STATE_KEY, body, { schema: state, upgrade: upgradeState }) as EtlState

/** @throws DwhError STATE_INVALID, naming the first invalid field */
export const parseManifest = (key: string, body: Uint8Array): DayManifest =>
  parse(key, body, { schema: manifest, upgrade: upgradeState }) as DayManifest

/** @throws DwhError STATE_INVALID, naming the first invalid field */
export const parseMonthIndex = (key: string, body: Uint8Array): MonthIndex =>
  parse(key, body, { schema: index, upgrade: (found) => found }) as MonthIndex

/** @throws DwhError STATE_INVALID, naming the first invalid field */
export const parseRunRecord = (key: string, body: Uint8Array): RunRecord =>
  parse(key, body, { schema: record, upgrade: upgradeRecord }) as RunRecord

/** @throws DwhError STATE_INVALID, naming the first invalid field */
export const parseDayRecords = (key: string, body: Uint8Array): DayRecords =>
  parse(key, body, { schema: dayRecords, upgrade: (found) => found }) as DayRecords

interface Format {
  readonly schema: v.GenericSchema
  /** Converts the names of earlier versions to the current ones. */
  readonly upgrade: (found: Record<string, unknown>) => unknown
}

function parse(key: string, body: Uint8Array, { schema, upgrade }: Format): unknown {
  let json: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    json = JSON.parse(text)
  } catch (cause) {
    throw invalid(key, 'is not JSON', cause)
  }
  const found = (json as { version?: unknown } | null)?.version
  if (typeof found === 'number' && found > FORMAT_VERSION) {
    throw new DwhError(
      'STATE_INVALID',
      `${key}: format version ${found}, newer than this program (${FORMAT_VERSION})`,
      {
        hint: 'Upgrade dwh: a newer version wrote this warehouse.',
        context: { newer: true },
      },
    )
  }
  // one flipped bit turns a 3 into a 1
  const mustHold = found !== 1 || Object.hasOwn(json as object, 'checksum')
  if (typeof found === 'number' && mustHold && !holdsChecksum(text)) throw invalid(key, 'its checksum does not match')
  const isOld = typeof found === 'number' && found < FORMAT_VERSION
  const result = v.safeParse(schema, isOld ? upgrade(json as Record<string, unknown>) : json)
  if (!result.success) {
    const [issue] = result.issues
    throw invalid(key, `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`)
  }
  const { checksum: _, ...value } = result.output as { checksum?: string }
  return value
}

function invalid(key: string, what: string, cause?: unknown): DwhError {
  const again = key.startsWith(RUNS_PREFIX)
    ? 'Remove it: it only describes one run, and nothing depends on it.'
    : 'Run `dwh repair` to rebuild it from the Parquet files.'
  const hint = `The file was edited by hand, or it is damaged. ${again}`
  return new DwhError('STATE_INVALID', `${key}: ${what}`, { cause, hint })
}

/** The end of every file of this package: its last field is the SHA-256 of the text with that field empty. */
const CHECKSUM = /"([0-9a-f]{64})"(\n?\}\n)$/

function holdsChecksum(text: string): boolean {
  const found = CHECKSUM.exec(text)
  return found !== null && found[1] === sha256(`${text.slice(0, found.index)}""${found[2]}`)
}

/** Serialises a file of this package as it is stored, with its checksum. What only programs read is compact. */
export function serialise(value: EtlState | DayManifest | MonthIndex | RunRecord | DayRecords): Uint8Array {
  const isCompact = 'month' in value || 'runs' in value || 'started_at' in value
  const text = `${JSON.stringify({ ...value, checksum: '' }, null, isCompact ? undefined : 2)}\n`
  return new TextEncoder().encode(text.replace(/""(\n?\}\n)$/, (_, end) => `"${sha256(text)}"${end}`))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
