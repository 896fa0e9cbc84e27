import type { Writable } from 'node:stream'
import type { OnEvent, RunEvent } from '@dwh/core'
import { printable } from '@dwh/core'
import { formatBytes, formatCount, formatDuration, plural } from '@dwh/warehouse'
import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import { noteLine } from './lines.ts'

export interface RunProgress {
  readonly onEvent: OnEvent
  /** Prints a line that stays on the screen. */
  note(text: string): void
  /** Removes the progress bars. */
  close(): void
}

interface RunningTable {
  readonly estimatedRows: number | null
  readonly estimatedBytes: number | null
  rows: number | null
  bytes: number
  /** Milliseconds, by any clock. */
  readonly startedAt: number
}

const REDRAW_MS = 100
const BAR_CELLS = 20

/**
 * Shows the progress of a run. On a terminal it draws a bar for each table that is being read, below the finished
 * tables; elsewhere it prints a line for each finished table.
 */
export function runProgress(
  stderr: Writable & { isTTY?: boolean },
  now: () => number = () => performance.now(),
): RunProgress {
  const running = new Map<string, RunningTable>()
  if (!stderr.isTTY) {
    return {
      onEvent: (event) => void doneLine(event, (line) => stderr.write(`${line}\n`)),
      note: (text) => void stderr.write(noteLine(text)),
      close: () => {},
    }
  }

  const live = createLogUpdate(stderr as unknown as NodeJS.WriteStream, { showCursor: true })
  const draw = () => live([...running].map(([name, table]) => runningLine(name, table, now())).join('\n'))
  const printAbove = (line: string) => {
    live.clear()
    stderr.write(line)
    draw()
  }
  const timer = setInterval(draw, REDRAW_MS)
  const onEvent = (event: RunEvent) => {
    if (event.type === 'table-start') running.set(event.table, { ...event, rows: 0, bytes: 0, startedAt: now() })
    const table = 'table' in event ? running.get(event.table) : undefined
    if (event.type === 'table-progress' && table) Object.assign(table, { rows: event.rows, bytes: event.bytes })
    if (event.type === 'table-end' || event.type === 'table-failed') running.delete(event.table)
    doneLine(event, (line) => printAbove(`${line}\n`))
  }
  return {
    onEvent,
    note: (text) => printAbove(noteLine(text)),
    close() {
      clearInterval(timer)
      live.clear()
      live.done()
    },
  }
}

function runningLine(name: string, table: RunningTable, now: number): string {
  const { rows, bytes, estimatedRows, estimatedBytes, startedAt } = table
  // the bytes sent as text and the bytes that Postgres stores differ, but have the same order of magnitude
  const [done, all] = rows === null ? [bytes, estimatedBytes] : [rows, estimatedRows]
  const amount = rows === null ? formatBytes(bytes) : `${formatCount(rows)} rows`
  const of = all ? ` of about ${rows === null ? formatBytes(all) : formatCount(all)}` : ''
  return `${pc.cyan('·')} ${printable(name)}  ${bar(done, all)}${amount}${of}${pace(done, all, now - startedAt, rows === null)}`
}

/** A rate measured over less time would be a guess. */
const PACE_AFTER_MS = 1_000

/** Returns `  18.2 MB/s, about 4 s left`, or an empty text while no rate is known. */
function pace(done: number, all: number | null, elapsedMs: number, inBytes: boolean): string {
  if (done === 0 || elapsedMs < PACE_AFTER_MS) return ''
  const perSecond = (done * 1000) / elapsedMs
  const rate = inBytes ? `${formatBytes(perSecond)}/s` : `${formatCount(perSecond)} rows/s`
  const left = all && all > done ? `, about ${formatDuration(((all - done) * 1000) / perSecond)} left` : ''
  return `  ${rate}${left}`
}

function bar(done: number, all: number | null): string {
  if (!all) return ''
  const filled = Math.round(Math.min(done / all, 1) * BAR_CELLS)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}  `
}

/** Message shown while it is not known whether another run is still in progress. */
export function waitingLine({ owner, expiresAt }: { readonly owner: string; readonly expiresAt: string }): string {
  return `${pc.yellow('!')} run ${owner} may still be in progress: waiting until ${expiresAt} at most`
}

function doneLine(event: RunEvent, print: (line: string) => void): void {
  if (event.type === 'table-end') {
    const size = `${plural(event.rows, 'row')}, ${formatBytes(event.bytes)}`
    // a short read needs no breakdown of its time
    const proof = event.durationMs >= 1_000 ? `, including ${formatDuration(event.proofMs)} of proof` : ''
    const time = `${formatDuration(event.durationMs)} by ${event.method}${proof}`
    print(`${pc.green('✓')} ${printable(event.table)}: ${size}, ${time}`)
  }
  if (event.type === 'table-retry') print(`${pc.yellow('!')} ${printable(event.message)}; retrying`)
  if (event.type === 'table-failed') print(`${pc.red('✗')} ${printable(event.message)}`)
  if (event.type === 'lease-wait') print(waitingLine(event))
  if (event.type === 'cleaned')
    print(
      `${pc.yellow('!')} removed orphans of an interrupted run: ${plural(event.objects, 'object')}, ${plural(event.files, 'temporary folder')}`,
    )
  if (event.type === 'roll-forward')
    print(`${pc.yellow('!')} finishing run ${event.runId}, which was interrupted after its commit`)
}
