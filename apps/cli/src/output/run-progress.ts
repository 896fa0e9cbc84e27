import type { Writable } from 'node:stream'
import type { OnEvent, RunEvent } from '@dwh/core'
import { printable } from '@dwh/core'
import { cutText, formatBytes, formatDuration, plural } from '@dwh/warehouse'
import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import { DEFAULT_WIDTH } from '../help/help-width.ts'
import { markedLines, noteLine } from './lines.ts'
import { tableProgress } from './table-progress.ts'
import { terminalSize } from './terminal-size.ts'

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

/**
 * Shows the progress of a run. On a terminal it draws a bar for each table that is being read, below the finished
 * tables, and no line is longer than the terminal is wide; elsewhere it prints a line for each finished table.
 */
export function runProgress(
  stderr: Writable & { isTTY?: boolean; columns?: number },
  now: () => number = () => performance.now(),
): RunProgress {
  const running = new Map<string, RunningTable>()
  if (!stderr.isTTY) {
    return {
      onEvent: (event) => void doneLine(event, undefined, (line) => stderr.write(line)),
      note: (text) => void stderr.write(noteLine(text)),
      close: () => {},
    }
  }

  const live = createLogUpdate(stderr as unknown as NodeJS.WriteStream, { showCursor: true })
  // a terminal may be resized during a run
  const width = () => terminalSize(stderr, {})?.columns ?? DEFAULT_WIDTH
  const draw = () => live([...running].map(([name, table]) => runningLine(name, table, now(), width())).join('\n'))
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
    doneLine(event, width(), printAbove)
  }
  return {
    onEvent,
    note: (text) => printAbove(noteLine(text, width())),
    close() {
      clearInterval(timer)
      live.clear()
      live.done()
    },
  }
}

function runningLine(name: string, { startedAt, ...table }: RunningTable, now: number, width: number): string {
  return `${pc.cyan('·')} ${tableProgress(printable(name), { ...table, elapsedMs: now - startedAt }, width - 2)}`
}

interface Holder {
  readonly owner: string
  readonly expiresAt: string
}

/** Message shown while it is not known whether another run is still in progress. */
export function waitingLine(holder: Holder): string {
  return `${pc.yellow('!')} ${waitingText(holder)}`
}

function waitingText({ owner, expiresAt }: Holder): string {
  return `run ${owner} may still be in progress: waiting until ${expiresAt} at most`
}

/** Prints what an event leaves on the screen. Without a width, each line is whole. */
function doneLine(event: RunEvent, width: number | undefined, print: (lines: string) => void): void {
  const say = (mark: string, text: string) => print(markedLines(mark, text, width))
  if (event.type === 'table-end') {
    const size = `${plural(event.rows, 'row')}, ${formatBytes(event.bytes)}`
    // a short read needs no breakdown of its time
    const proof = event.durationMs >= 1_000 ? `, including ${formatDuration(event.proofMs)} of proof` : ''
    const figures = `: ${size}, ${formatDuration(event.durationMs)} by ${event.method}${proof}`
    // the name gives way, not the figures
    const name = printable(event.table)
    say(pc.green('✓'), `${width === undefined ? name : cutText(name, width - 2 - figures.length)}${figures}`)
  }
  if (event.type === 'table-proof-failed')
    say(pc.yellow('!'), printable(`${event.table}: ${event.reason.text}; reading it in full`))
  if (event.type === 'table-retry') say(pc.yellow('!'), `${printable(event.message)}; retrying`)
  if (event.type === 'table-failed') say(pc.red('✗'), printable(event.message))
  if (event.type === 'lease-wait') say(pc.yellow('!'), waitingText(event))
  if (event.type === 'cleaned') {
    const removed = `${plural(event.objects, 'object')}, ${plural(event.files, 'temporary folder')}`
    say(pc.yellow('!'), `removed orphans of an interrupted run: ${removed}`)
  }
  if (event.type === 'finish-copies')
    say(pc.yellow('!'), `making the plain copies of run ${event.runId}, which was interrupted after its commit`)
  if (event.type === 'not-cleaned') say(pc.yellow('!'), `${printable(event.message)}; old objects stay`)
}
