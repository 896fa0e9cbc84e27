import type { Writable } from 'node:stream'
import type { OnEvent, RunEvent } from '@dwh/core'
import { printable } from '@dwh/core'
import { formatBytes, formatCount, formatDuration, plural } from '@dwh/warehouse'
import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import { noteLine } from './lines.ts'

export interface RunProgress {
  readonly onEvent: OnEvent
  /** Shows a line that stays. */
  note(text: string): void
  /** Takes the moving part away. */
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

/** Shows a run as it goes: on a terminal the tables that are being read, with bars, below those that are done; elsewhere a line for each that is done. */
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
  // what is text on the way and what Postgres stores are not the same, but of the same order
  const [done, all] = rows === null ? [bytes, estimatedBytes] : [rows, estimatedRows]
  const amount = rows === null ? formatBytes(bytes) : `${formatCount(rows)} rows`
  const of = all ? ` of about ${rows === null ? formatBytes(all) : formatCount(all)}` : ''
  return `${pc.cyan('·')} ${printable(name)}  ${bar(done, all)}${amount}${of}${pace(done, all, now - startedAt, rows === null)}`
}

/** Before that a rate is a guess. */
const PACE_AFTER_MS = 1_000

/** `  18.2 MB/s, about 4 s left`; nothing while there is nothing to say. */
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

/** Said while it is not known whether another run is under way. */
export function waitingLine({ owner, expiresAt }: { readonly owner: string; readonly expiresAt: string }): string {
  return `${pc.yellow('!')} run ${owner} may still be under way: waiting to see it, at most until ${expiresAt}`
}

function doneLine(event: RunEvent, print: (line: string) => void): void {
  if (event.type === 'table-end') {
    const size = `${plural(event.rows, 'row')}, ${formatBytes(event.bytes)}`
    // what takes no time needs no account of it
    const proof = event.durationMs >= 1_000 ? `, of which proof ${formatDuration(event.proofMs)}` : ''
    const time = `${formatDuration(event.durationMs)} by ${event.method}${proof}`
    print(`${pc.green('✓')} ${printable(event.table)}: ${size}, ${time}`)
  }
  if (event.type === 'table-retry') print(`${pc.yellow('!')} ${printable(event.message)}: once more`)
  if (event.type === 'table-failed') print(`${pc.red('✗')} ${printable(event.message)}`)
  if (event.type === 'lease-wait') print(waitingLine(event))
  if (event.type === 'cleaned')
    print(
      `${pc.yellow('!')} removed what an interrupted run had left: ${plural(event.objects, 'object')}, ${plural(event.files, 'temporary folder')}`,
    )
  if (event.type === 'roll-forward')
    print(`${pc.yellow('!')} finishing run ${event.runId}, which was interrupted after its commit`)
}
