import { constants } from 'node:fs'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { DwhError } from '@dwh/core'

/** A file for a result, which appears under its name when it is whole. */
export interface WholeFile {
  /** The path to write to: an empty file beside the final name, or the device or pipe itself. */
  readonly written: string
  /** True for a device or a pipe, which is written directly: what it was given cannot be taken back. */
  readonly direct: boolean
  /** Opens `written`. The caller closes it, before `keep`. */
  open(): Promise<FileHandle>
  /** Syncs what was written and gives it the final name, in place of an old file. */
  keep(): Promise<void>
  /** Removes what was written, unless it was kept. */
  close(): Promise<void>
  /** Converts an error of the file system to one that names the file. */
  failure(error: unknown): DwhError
}

export interface WholeFileOptions {
  readonly random: (bytes: number) => Uint8Array
  /** Stands before the path in messages: `--output `. Default: nothing. */
  readonly flag?: string | undefined
}

/**
 * Opens a file for a result. A regular file is written beside its name first, so that a failure leaves the old file as
 * it was. A symbolic link stays, and its target is replaced.
 * @throws DwhError CONFIG_INVALID, before anything is written, if there can be no file of this name
 */
export async function openWholeFile(path: string, { random, flag = '' }: WholeFileOptions): Promise<WholeFile> {
  const failure = (error: unknown) => fileFailure(error, `${flag}${path}`)
  const refused = (error: unknown): never => {
    throw failure(error)
  }
  const there = await stat(path).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? null : refused(error),
  )
  if (there?.isDirectory()) refused(new Error('it is a folder'))
  const direct = there !== null && !there.isFile()
  const target = there?.isFile() ? await realpath(path) : path
  const written = direct ? path : `${target}.${Buffer.from(random(6)).toString('hex')}.tmp`
  if (!direct) await (await open(written, 'wx').catch(refused)).close()
  let kept = false
  return {
    written,
    direct,
    failure,
    open: () => open(written, constants.O_WRONLY).catch(refused),
    async keep() {
      if (!direct) {
        await syncFile(written).catch(refused)
        await rename(written, target).catch(refused)
      }
      kept = true
    },
    async close() {
      if (!direct && !kept) await rm(written, { force: true })
    },
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

function fileFailure(error: unknown, where: string): DwhError {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (FULL.includes(code))
    return new DwhError('WRITE_FAILED', `${where}: ${message}`, {
      cause: error,
      hint: 'Free some space there, or choose another place.',
    })
  return new DwhError('CONFIG_INVALID', `${where}: ${message}`, {
    cause: error,
    hint: 'Give the path of a file in a folder that exists and that you may write.',
  })
}
