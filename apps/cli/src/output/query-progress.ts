import { formatDuration } from '@dwh/warehouse'
import type { CommandContext } from '../command-context.ts'

export interface QueryProgress {
  /** Starts counting, for a new statement. */
  restart(): void
  /** Erases the line, and draws no more. */
  stop(): void
}

const AFTER_MS = 2_000
const REDRAW_MS = 200
const BAR_CELLS = 20
/** A time left that is worked out from less would be a guess. */
const LEAST_DONE = 0.02

/** Shows on a terminal how far a statement is that takes long. `done` is from 0 to 1; null if it is not known. */
export function queryProgress(
  stderr: CommandContext['stderr'],
  done: () => number | null,
  now: () => number = () => performance.now(),
): QueryProgress {
  let timer: NodeJS.Timeout | undefined
  let startedAt = 0
  let drawn = false
  const draw = () => {
    const elapsed = now() - startedAt
    if (elapsed < AFTER_MS) return
    drawn = true
    stderr.write(`\r${progressLine(done(), elapsed)}\u001b[K`)
  }
  const stop = () => {
    clearInterval(timer)
    if (drawn) stderr.write('\r\u001b[K')
    drawn = false
  }
  return {
    restart() {
      if (!stderr.isTTY) return
      stop()
      startedAt = now()
      timer = setInterval(draw, REDRAW_MS)
    },
    stop,
  }
}

function progressLine(done: number | null, elapsedMs: number): string {
  const time = formatDuration(elapsedMs)
  if (done === null) return `running for ${time}`
  const filled = Math.round(done * BAR_CELLS)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)} ${Math.floor(done * 100)} %`
  const left = done < LEAST_DONE ? '' : `, about ${formatDuration((elapsedMs * (1 - done)) / done)} left`
  return `${bar}  ${time}${left}`
}
