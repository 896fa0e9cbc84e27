import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { kill, pid as ownPid } from 'node:process'

/*
 * Names for files and objects that a killed process may leave behind. They name the process, so a later process on the
 * same machine knows whether it is gone. `<host>-<pid>-<start>`, host and start as eight hex digits of a hash. A
 * container with its own process ids counts as its own host.
 */

/**
 * The use of a temporary folder: opening DuckDB's command line, the pipe of an export, reading objects of a bucket, the
 * files of a run, or the Parquet writer.
 */
export type FolderUse = 'open' | 'pipe' | 'read' | 'run' | 'write'

const FOLDER = /^dwh-(?:open|pipe|read|run|write)-([0-9a-f]{8}-\d+-[0-9a-f]{8}-[0-9a-f]{16})$/

/** Returns the name of this process. */
export function processName(): string {
  return [thisHost(), ownPid, short(startOf(ownPid) ?? '')].join('-')
}

/** Returns a unique name for a temporary file of this process. */
export function temporaryName(): string {
  return `${processName()}-${randomBytes(8).toString('hex')}`
}

/**
 * Returns whether a process still runs, by its name or by the name of a file it made. `elsewhere`: unknown, because the
 * process belongs to another machine or the text is not such a name.
 */
export function whereIs(name: string): 'here' | 'gone' | 'elsewhere' {
  const [, host, pid, start] = /^([0-9a-f]{8})-(\d+)-([0-9a-f]{8})(?:-|$)/.exec(name) ?? []
  if (host !== thisHost()) return 'elsewhere'
  if (!exists(Number(pid))) return 'gone'
  const found = startOf(Number(pid))
  // where the system does not tell the start, it may be the same process
  return found === null || short(found) === start ? 'here' : 'gone'
}

/** Returns a name for a folder of this process in the shared folder for temporary files. */
export function temporaryFolderName(use: FolderUse): string {
  return `dwh-${use}-${temporaryName()}`
}

/** Returns the owner in a name that `temporaryFolderName` made; null for any other name, which may be a user's file. */
export function folderOwner(entry: string): string | null {
  return FOLDER.exec(entry)?.[1] ?? null
}

/** A file whose process cannot be checked here is an orphan once it has not changed for this long. */
const ABANDONED_MS = 24 * 60 * 60 * 1000

/** Returns whether a file with a temporary name is an orphan. Times in milliseconds. */
export function isOrphan(name: string, modifiedAt: number, now: number): boolean {
  const where = whereIs(name)
  return where === 'gone' || (where === 'elsewhere' && now - modifiedAt > ABANDONED_MS)
}

/**
 * Identifies the host by its name and its namespace of process ids:
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
function thisHost(): string {
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // not on Linux: there is only one namespace
  }
  return short(`${hostname()} ${namespace}`)
}

function exists(pid: number): boolean {
  try {
    return kill(pid, 0)
  } catch (error) {
    // the process exists, and belongs to another user
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Returns the boot id of the machine and the start of a process: another process may have the same number by now. Null
 * where the system does not tell. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // the second field, in parentheses, may contain anything
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return `${boot} ${fields[19]}`
  } catch {
    return null
  }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
