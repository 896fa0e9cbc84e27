import { cutText, formatBytes, formatCount, formatDuration } from '@dwh/warehouse'
import stringWidth from 'string-width'

/** How far a table is. */
export interface TableProgress {
  /** Null if only bytes are known. */
  readonly rows: number | null
  readonly bytes: number
  readonly estimatedRows: number | null
  readonly estimatedBytes: number | null
  readonly elapsedMs: number
}

/** Below this a name says little: the bar and the rate give way first. */
const NAME_AT_LEAST = 16

/**
 * Describes the progress of a table in at most `width` columns: name, bar, amount, rate, time left. If that is too long,
 * the bar gets shorter, then the rate is left out, then the bar, and the name is cut.
 */
export function tableProgress(name: string, progress: TableProgress, width: number): string {
  const { rows, bytes, estimatedRows, estimatedBytes } = progress
  // the bytes sent as text and the bytes that Postgres stores differ, but have the same order of magnitude
  const [done, all] = rows === null ? [bytes, estimatedBytes] : [rows, estimatedRows]
  const amount = rows === null ? formatBytes(bytes) : `${formatCount(rows)} rows`
  const of = all ? ` of about ${rows === null ? formatBytes(all) : formatCount(all)}` : ''
  const { rate, left } = pace(done, all, progress.elapsedMs, rows === null)
  const both = [rate, left].filter(Boolean).join(', ')
  const layouts = [
    [bar(done, all, 20), `${amount}${of}`, both],
    [bar(done, all, 10), `${amount}${of}`, both],
    [bar(done, all, 10), `${amount}${of}`, left],
    [`${amount}${of}`, left],
    [`${amount}${of}`],
    [amount],
  ].map((parts) => parts.filter(Boolean).join('  '))
  const shown = Math.min(stringWidth(name), NAME_AT_LEAST)
  const layout = layouts.find((text) => shown + 2 + stringWidth(text) <= width) ?? amount
  return cutText(`${cutText(name, Math.max(1, width - 2 - stringWidth(layout)))}  ${layout}`, width)
}

/** A rate measured over less time would be a guess. */
const PACE_AFTER_MS = 1_000

/** Returns `18.2 MB/s` and `about 4 s left`; empty texts while no rate is known. */
function pace(done: number, all: number | null, elapsedMs: number, inBytes: boolean): { rate: string; left: string } {
  if (done === 0 || elapsedMs < PACE_AFTER_MS) return { rate: '', left: '' }
  const perSecond = (done * 1000) / elapsedMs
  const rate = inBytes ? `${formatBytes(perSecond)}/s` : `${formatCount(perSecond)} rows/s`
  const left = all && all > done ? `about ${formatDuration(((all - done) * 1000) / perSecond)} left` : ''
  return { rate, left }
}

function bar(done: number, all: number | null, cells: number): string {
  if (!all) return ''
  const filled = Math.round(Math.min(done / all, 1) * cells)
  return `${'█'.repeat(filled)}${'░'.repeat(cells - filled)}`
}
