import { DwhError } from '@dwh/core'

/** The error for a failed write of DuckDB, with a hint. */
export function writeFailure(error: unknown, path: string): DwhError {
  const message = error instanceof Error ? error.message : String(error)
  const [first = message] = message.split('\n')
  return new DwhError('WRITE_FAILED', `${path}: ${first}`, { cause: error, hint: hintFor(message) })
}

function hintFor(message: string): string | undefined {
  if (/No space left on device|Disk quota exceeded/i.test(message))
    return 'Free some space, or move the temporary folder to a larger disk.'
  if (/File too large/i.test(message)) return 'The file size limit of this process is too low: raise it (ulimit -f).'
  if (/Permission denied|Read-only file system/i.test(message))
    return 'Give this user write permission there, or use another temporary folder.'
  if (/Out of Memory/i.test(message))
    return 'Raise memory_limit (DWH_MEMORY_LIMIT), or read fewer tables at once (parallel, DWH_PARALLEL).'
  if (/not a directory|file exists/i.test(message))
    return 'A file exists in place of a folder: use another temporary folder.'
  return undefined
}

/**
 * The error for a failure of DuckDB's extension for the source, without the statements that its message may repeat:
 * they contain a password. `connected`: whether it had begun to read.
 */
export function nativeFailure(error: unknown, statements: readonly string[], connected: boolean): DwhError {
  const message = error instanceof Error ? error.message : String(error)
  // a statement of several lines comes before its error message
  const lines = message.split('\n').filter((line) => line.trim() !== '')
  const [first = message, ...others] = lines
  const last = others.at(-1)
  const secret = statements.flatMap(
    (statement) => /^ATTACH '((?:[^']|'')*)'/.exec(statement)?.[1]?.replaceAll("''", "'") ?? [],
  )
  const text = secret.reduce(
    (all, conninfo) => all.replaceAll(conninfo, '...'),
    last === undefined ? first : `${first} ... ${last}`,
  )
  return new DwhError('SOURCE_FAILED', `DuckDB's extension could not read: ${text}`, {
    hint: 'Run again, or use another extraction method: extract: copy.',
    context: { connected },
  })
}
