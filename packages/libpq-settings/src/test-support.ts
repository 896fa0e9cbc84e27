import { isDwhError } from '@dwh/core'
import type { ConnectionEnvironment } from './connection-environment.ts'

export interface TestFile {
  readonly text: string
  /** Default 0o600. */
  readonly mode?: number
  readonly ownedByRoot?: boolean
  readonly isFile?: boolean
}

/**
 * Makes an environment from plain data: home `/home/me`, user `me`, files by path, and only the given socket folders.
 */
export function testEnvironment(
  given: {
    readonly env?: Record<string, string>
    readonly files?: Record<string, string | TestFile>
    readonly socketFolders?: readonly string[]
    readonly home?: string | null
    readonly user?: string | null
  } = {},
): ConnectionEnvironment {
  const file = (path: string): TestFile | null => {
    const found = given.files?.[path]
    return found === undefined ? null : typeof found === 'string' ? { text: found } : found
  }
  return {
    env: given.env ?? {},
    home: given.home === undefined ? '/home/me' : given.home,
    user: given.user === undefined ? 'me' : given.user,
    readFile: (path) => file(path)?.text ?? null,
    fileMode: (path) => {
      const found = file(path)
      return (
        found && { mode: found.mode ?? 0o600, isFile: found.isFile ?? true, ownedByRoot: found.ownedByRoot ?? false }
      )
    },
    socketFolderExists: (path) => given.socketFolders?.includes(path) ?? false,
  }
}

/** Runs code that must throw CONFIG_INVALID, and returns its message, hint and context as one text. */
export function refusalOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isDwhError(error, 'CONFIG_INVALID') && error.hint && error.cause === undefined) {
      return `${error.message} -> ${error.hint} ${JSON.stringify(error.context)}`
    }
    throw error
  }
  throw new Error('nothing was thrown')
}
