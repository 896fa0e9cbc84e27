export type LogLevel = 'info' | 'warn' | 'error'

/** One line of the log. `fields` are plain values; none of them is a secret. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Lines of JSON: `time` (ISO 8601 in UTC), `level`, `message`, and the fields. */
export function jsonLog(write: (line: string) => void, clock: () => Date): Log {
  return (level, message, fields = {}) =>
    write(`${JSON.stringify({ time: clock().toISOString(), level, message, ...fields })}\n`)
}
