import { DwhError, type DwhErrorCode, isDwhError } from '@dwh/core'

const CODES: Readonly<Record<string, [DwhErrorCode, string]>> = {
  EACCES: ['STORE_DENIED', 'Give this user permission to read and write that folder, or choose another.'],
  EPERM: ['STORE_DENIED', 'Give this user permission to read and write that folder, or choose another.'],
  EROFS: ['STORE_DENIED', 'The file system is read-only: mount it for writing, or choose another folder.'],
  ENOSPC: ['STORE_FULL', 'No space left there: free some, or move the warehouse to a larger disk.'],
  EDQUOT: ['STORE_FULL', 'The quota is used up: free some space, or move the warehouse.'],
  EFBIG: [
    'STORE_FULL',
    'The file exceeds the size limit of this process (ulimit -f) or of this file system: raise the limit.',
  ],
  ENOTDIR: ['STORE_FAILED', 'A file is in the place of a folder: move the file away.'],
  EISDIR: ['STORE_FAILED', 'A folder is in the place of a file: move the folder away.'],
  ENAMETOOLONG: ['STORE_FAILED', 'The path of the warehouse is too long for this file system: choose a shorter one.'],
  EMFILE: ['STORE_FAILED', 'Too many open files: raise the limit (ulimit -n).'],
  EIO: ['STORE_FAILED', 'The disk reported an error: check it before anything else.'],
  ESTALE: ['STORE_UNREACHABLE', 'The network file system has lost its server: mount it again.'],
  ETIMEDOUT: ['STORE_UNREACHABLE', 'The network file system does not answer.'],
}

/** Converts an error of the file system to a DwhError with a hint. */
export function localFailure(error: unknown, path: string): DwhError {
  if (isDwhError(error)) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  const [dwhCode, hint] = CODES[code] ?? ['STORE_FAILED', undefined]
  return new DwhError(dwhCode, `${path}: ${message}`, { cause: error, hint, context: { errno: code } })
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}
