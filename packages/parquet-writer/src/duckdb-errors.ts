import { DwhError } from '@dwh/core'

/** What DuckDB could not write, as a DwhError that says what to do. */
export function writeFailure(error: unknown, path: string): DwhError {
  const message = error instanceof Error ? error.message : String(error)
  const [first = message] = message.split('\n')
  return new DwhError('WRITE_FAILED', `${path}: ${first}`, { cause: error, hint: hintFor(message) })
}

function hintFor(message: string): string | undefined {
  if (/No space left on device|Disk quota exceeded/i.test(message))
    return 'Free some space there, or set the temporary folder to a larger disk.'
  if (/File too large/i.test(message))
    return 'This process may not write files of that size: raise the limit (ulimit -f).'
  if (/Permission denied|Read-only file system/i.test(message))
    return 'Let this user write there, or set the temporary folder to another place.'
  if (/Out of Memory/i.test(message))
    return 'Raise memory_limit (DWH_MEMORY_LIMIT), or read fewer tables at once (parallel, DWH_PARALLEL).'
  if (/not a directory|file exists/i.test(message))
    return 'There is a file where a folder has to be: set the temporary folder to another place.'
  return undefined
}

/**
 * What DuckDB's extension for the source said, without the statements that it may repeat: they hold a password.
 * `connected`: whether it had begun to read.
 */
export function nativeFailure(error: unknown, statements: readonly string[], connected: boolean): DwhError {
  const message = error instanceof Error ? error.message : String(error)
  // a statement over several lines stands before what was said of it
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
    hint: 'Run again, or read it in another way: extract: copy.',
    context: { connected },
  })
}
