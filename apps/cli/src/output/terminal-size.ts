/** The part of a stream of Node that tells its terminal. */
export interface MaybeTerminal {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 }

/**
 * Returns the size of a terminal; null for a file or a pipe. COLUMNS and LINES take precedence over what the terminal
 * reports, as POSIX has it. A terminal that reports nothing counts as 80x24.
 */
export function terminalSize(
  stream: MaybeTerminal,
  env: Readonly<Record<string, string | undefined>>,
): TerminalSize | null {
  if (!stream.isTTY) return null
  return {
    columns: size(env.COLUMNS) ?? (stream.columns || DEFAULT_SIZE.columns),
    rows: size(env.LINES) ?? (stream.rows || DEFAULT_SIZE.rows),
  }
}

function size(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined
}
