import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { kill, pid as ownPid } from 'node:process'

/*
 * Names for what a process makes and may leave behind when it is killed: they say which process it was, so that whoever comes later on the same machine knows whether it is gone.
 * `<host>-<pid>-<start>`, host and start as eight hex digits of a hash. A container with process ids of its own is a host of its own.
 */

/** What a temporary folder is for: objects of a bucket that are read, the files of a run, what a Parquet writer needs. */
export type FolderUse = 'read' | 'run' | 'write'

const FOLDER = /^dwh-(?:read|run|write)-([0-9a-f]{8}-\d+-[0-9a-f]{8}-[0-9a-f]{16})$/

/** This process, by name. */
export function processName(): string {
  return [thisHost(), ownPid, short(startOf(ownPid) ?? '')].join('-')
}

/** A name of its own for something that this process makes for the time being. */
export function temporaryName(): string {
  return `${processName()}-${randomBytes(8).toString('hex')}`
}

/** Whether the process is still there, by its name or that of something it made; `elsewhere` where that cannot be known: on another machine, or no such name. */
export function whereIs(name: string): 'here' | 'gone' | 'elsewhere' {
  const [, host, pid, start] = /^([0-9a-f]{8})-(\d+)-([0-9a-f]{8})(?:-|$)/.exec(name) ?? []
  if (host !== thisHost()) return 'elsewhere'
  if (!exists(Number(pid))) return 'gone'
  const found = startOf(Number(pid))
  // where the system does not say, it may be the same
  return found === null || short(found) === start ? 'here' : 'gone'
}

/** What this process calls a folder of its own in the folder for temporary files, which others share. */
export function temporaryFolderName(use: FolderUse): string {
  return `dwh-${use}-${temporaryName()}`
}

/** The part that says whose it is, of what `temporaryFolderName` made; null for any other, which may be somebody's own. */
export function folderOwner(entry: string): string | null {
  return FOLDER.exec(entry)?.[1] ?? null
}

/** What nobody of this machine has touched for so long is left behind, whoever made it. */
const ABANDONED_MS = 24 * 60 * 60 * 1000

/** Whether something with a temporary name is an orphan. Times in milliseconds. */
export function isOrphan(name: string, modifiedAt: number, now: number): boolean {
  const where = whereIs(name)
  return where === 'gone' || (where === 'elsewhere' && now - modifiedAt > ABANDONED_MS)
}

/** By its name, and by the namespace of its process ids: https://man7.org/linux/man-pages/man7/pid_namespaces.7.html */
function thisHost(): string {
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // not on Linux: there is one
  }
  return short(`${hostname()} ${namespace}`)
}

function exists(pid: number): boolean {
  try {
    return kill(pid, 0)
  } catch (error) {
    // there is one, of another user
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process began, and since which start of the machine; its number may be another's by now. Null where the system does not say. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // the second field, in parentheses, may hold anything
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
