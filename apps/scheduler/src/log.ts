export type LogLevel = 'info' | 'warn' | 'error'

/** Writes one line of the log. `fields` are plain values, without secrets. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Writes the log as JSON lines: `time` (ISO 8601 in UTC), `level`, `message`, and the fields. */
export function jsonLog(write: (line: string) => void, clock: () => Date): Log {
  return (level, message, fields = {}) =>
    write(`${JSON.stringify({ time: clock().toISOString(), level, message, ...fields })}\n`)
}
