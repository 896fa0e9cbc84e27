import {
  type DwhError,
  formatTableName,
  type TriedRead,
  type TriedTable,
  type TryLimits,
  throwIfAborted,
} from '@dwh/core'
import type { QueryResult } from 'pg'
import { explainForeign } from '../catalog/foreign-servers.ts'
import type { PgTable } from '../catalog/list-tables.ts'
import type { PgClient } from '../session/pg-client.ts'
import { sourceFailure } from '../session/postgres-errors.ts'
import type { Reader, ReaderPool } from '../session/reader-pool.ts'
import { findLockHolder, lockedBy } from './lock-holder.ts'
import { checkLocked, lockFailure, lockStatements } from './lock-table.ts'
import { selectStatement } from './read-rows.ts'
import { selectColumns } from './select-columns.ts'

interface TryOptions extends TryLimits {
  readonly take: ReaderPool['take']
  /** Number of readers at once. */
  readonly parallel: number
  readonly server: string
}

interface Trial {
  readonly read: TriedRead
  readonly table: PgTable
}

/** Number of tables that share a round trip, as long as none of them fails. */
const TOGETHER = 20

/**
 * Implements `SourceSnapshot.tryTables`. `listed`: all tables by name. Every table is locked, checked and copied as in
 * a run, but with one row at most; the locks are released with each group of tables.
 */
export async function tryTables(
  reads: readonly TriedRead[],
  listed: ReadonlyMap<string, PgTable>,
  options: TryOptions,
  onTried: (tried: TriedTable) => void,
): Promise<void> {
  const trials = reads.map((read): Trial => {
    const table = selectColumns(listed.get(formatTableName(read.table)), read.table)
    return { read, table }
  })
  const groups = group(trials)
  const workers = Array.from({ length: Math.min(options.parallel, groups.length) }, async () => {
    for (let next = groups.shift(); next; next = groups.shift()) {
      const rest = await tryGroup(next, options, onTried).catch((error) => {
        groups.length = 0
        throw error
      })
      if (rest.length > 0) groups.unshift(rest)
    }
  })
  // on failure, wait for the other workers, so that their connections are not left open
  const ended = await Promise.allSettled(workers)
  for (const each of ended) if (each.status === 'rejected') throw each.reason
}

/** Groups tables; a table that may be slow or fail by itself is tried alone, and last. */
function group(trials: readonly Trial[]): Trial[][] {
  const alone = ({ read, table }: Trial) => read.where !== undefined || table.outsideInstant === true
  const together = trials.filter((trial) => !alone(trial))
  const groups: Trial[][] = []
  for (let at = 0; at < together.length; at += TOGETHER) groups.push(together.slice(at, at + TOGETHER))
  return [...groups, ...trials.filter(alone).map((trial) => [trial])]
}

/** Returns the tables that another connection has to try, since this one was lost. */
async function tryGroup(
  trials: readonly Trial[],
  { take, tableMs, signal, server }: TryOptions,
  onTried: (tried: TriedTable) => void,
): Promise<Trial[]> {
  const reader = await take(signal)
  const stop = () => reader.destroy()
  signal?.addEventListener('abort', stop)
  const tell = ({ read }: Trial, outcome: TriedTable['outcome'], error: DwhError | null) => {
    throwIfAborted(signal, server)
    onTried({ table: read.table, outcome, error })
  }
  try {
    if (trials.length > 1 && (await pass(reader.client, trials, tableMs))) {
      for (const trial of trials) tell(trial, 'read', null)
      return []
    }
    for (const [index, trial] of trials.entries()) {
      const { outcome, error, lost } = await tryOne(reader, trial, tableMs)
      tell(trial, outcome, error)
      if (lost) return trials.slice(index + 1)
    }
    return []
  } finally {
    signal?.removeEventListener('abort', stop)
    await reader.giveBack(false)
  }
}

const SAVEPOINT = 'dwh_trial'

/** True if all of them succeed. Leaves the transaction as it was. */
async function pass(client: PgClient, trials: readonly Trial[], tableMs: number): Promise<boolean> {
  try {
    await attempt(client, trials, tableMs)
    return true
  } catch {
    // a lost connection is reported by the next trial
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`).catch(() => {})
    return false
  }
}

/** Leaves the transaction as it was, or in error; the savepoint stays. */
async function attempt(client: PgClient, trials: readonly Trial[], tableMs: number): Promise<void> {
  const tables = trials.map(({ table }) => table)
  const locks = lockStatements(tables)
  const copies = trials.map(({ read, table }) => `COPY (${selectStatement(table, read.where, "''")} LIMIT 1) TO STDOUT`)
  const before = [
    `SAVEPOINT ${SAVEPOINT}`,
    `SET LOCAL statement_timeout = ${tableMs}`,
    // shorter than the statement timeout, whose error does not say what was waited for
    `SET LOCAL lock_timeout = ${Math.ceil(tableMs / 2)}`,
  ]
  const all = [...before, ...locks, ...copies, `ROLLBACK TO SAVEPOINT ${SAVEPOINT}`]
  const answers = (await client.query(all.join(';\n'))) as unknown as QueryResult[]
  checkLocked(tables, answers.slice(before.length, before.length + locks.length))
}

interface Tried extends Pick<TriedTable, 'outcome' | 'error'> {
  /** True if the connection was lost. */
  readonly lost: boolean
}

const TOO_LONG = '57014'
const LOCKED = '55P03'

async function tryOne(reader: Reader, trial: Trial, tableMs: number): Promise<Tried> {
  const { table } = trial
  const { client } = reader
  try {
    await attempt(client, [trial], tableMs)
    return { outcome: 'read', error: null, lost: false }
  } catch (cause) {
    const { code } = cause as { readonly code?: string }
    let error = sourceFailure(cause, { table })
    try {
      error = sourceFailure(await lockFailure(client, table, cause as Error, SAVEPOINT), { table })
      await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`)
      if (code === TOO_LONG) return { outcome: 'slow', error, lost: false }
      if (code !== LOCKED) return { outcome: 'failed', error: await explainForeign(client, table, error), lost: false }
      const holder = await findLockHolder(client, table)
      return { outcome: 'locked', error: holder === null ? error : lockedBy(table, holder, cause), lost: false }
    } catch {
      reader.destroy()
      return { outcome: 'failed', error, lost: true }
    }
  }
}
