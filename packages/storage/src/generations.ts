import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DwhError, GENERATIONS_PREFIX } from '@dwh/core'
import { linkTo, place, syncFolder, writeFile } from './durable.ts'
import { hasCode } from './local-errors.ts'

/*
 * The numbered generations of one key, which turn `link()` into a conditional put: the kernel grants a name once. The
 * highest number holds the key's value. A number is never reused: a superseded file is emptied and stays, and a delete
 * is a new generation. So a writer that sleeps between comparing and linking finds its number taken.
 *
 * Only the last `KEPT` numbers stay, since a schedule of minutes makes a thousand a day. Before lower ones are removed,
 * an empty file `below-<number>` says so. A writer that finds its own number below it has slept through all of them.
 */

export interface Generation {
  /** From 1. */
  readonly number: number
  /** Null: deleted, or lost. */
  readonly body: Uint8Array | null
  /**
   * True when the highest generation is empty. That only happens after the folder was copied while a writer superseded
   * a generation, or after the superseding file was removed.
   */
  readonly lost: boolean
}

/** The first byte of a generation's file; an empty file is a superseded generation. */
const VALUE = 0x3d // =
const DELETED = 0x2d // -

const DIGITS = 12

/** How many superseded numbers stay at least. */
const KEPT = 1024
/** How many more there may be before they are removed. */
const KEPT_MORE = 256

const BELOW = 'below-'

export function generationsFolder(root: string, key: string): string {
  return join(root, GENERATIONS_PREFIX, key)
}

/** Reads the current generation; null for a key without generations. */
export async function readGeneration(folder: string): Promise<Generation | null> {
  for (;;) {
    const number = await highest(folder)
    if (number === 0) return null
    const content = await readFile(file(folder, number))
    // a file is emptied, perhaps while it is read, only after a higher one exists
    if ((await highest(folder)) !== number) continue
    return { number, body: content[0] === VALUE ? content.subarray(1) : null, lost: content.length === 0 }
  }
}

async function highest(folder: string): Promise<number> {
  return (await numbersIn(folder)).reduce((max, number) => Math.max(max, number), 0)
}

/** The numbers of the files with this prefix, in no order. */
async function numbersIn(folder: string, prefix = ''): Promise<number[]> {
  const names = await readdir(folder).catch((error) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  const numbers = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  return numbers.filter((name) => /^\d{12}$/.test(name)).map(Number)
}

/**
 * Makes the generation after `after`, durably; false when another writer has made it. `incoming` is a unique temporary
 * path. Of several writers that try to add the same generation, one succeeds.
 * @throws DwhError STORE_FAILED with `context.uncertain` for a writer that slept so long, in the middle of it, that its
 *   number was removed
 */
export async function addGeneration(
  folder: string,
  after: number,
  body: Uint8Array | null,
  incoming: string,
  kept: number = KEPT,
): Promise<boolean> {
  await writeFile(incoming, Buffer.concat([Uint8Array.of(body ? VALUE : DELETED), body ?? new Uint8Array()]))
  const path = file(folder, after + 1)
  try {
    if (!(await place(incoming, path, linkTo))) return false
  } finally {
    await rm(incoming, { force: true })
  }
  await syncFolder(folder)
  if (await isLate(folder, after + 1, path)) return false
  // the bytes of the previous generation are no longer needed; its number stays taken
  if (after > 0) await truncate(file(folder, after)).catch(() => {})
  // best effort: what is not removed now is removed later
  await removeOld(folder, after + 1 - kept).catch(() => {})
  return true
}

/** Whether the number of a new file had been removed before: others have gone on from it long ago. Removes the file. */
async function isLate(folder: string, number: number, path: string): Promise<boolean> {
  const below = (await numbersIn(folder, BELOW)).reduce((max, each) => Math.max(max, each), 0)
  if (number >= below) return false
  // the file of a writer that was in time was emptied when the next number was made
  const found = await stat(path).catch(() => null)
  if (found === null || found.size === 0)
    throw new DwhError('STORE_FAILED', `${path}: removed while it was being written`, {
      hint: 'This process was suspended for very long. Run `dwh status` to see whether its write counts.',
      context: { uncertain: true },
    })
  await rm(path, { force: true })
  return true
}

/** Removes the numbers below this one, once there are many of them. */
async function removeOld(folder: string, below: number): Promise<void> {
  const old = (await numbersIn(folder)).filter((number) => number < below)
  if (old.length < KEPT_MORE) return
  const marks = await numbersIn(folder, BELOW)
  await writeFile(file(folder, below, BELOW), new Uint8Array())
  await syncFolder(folder)
  for (const number of old) await rm(file(folder, number), { force: true })
  for (const mark of marks) if (mark < below) await rm(file(folder, mark, BELOW), { force: true })
}

function file(folder: string, number: number, prefix = ''): string {
  return join(folder, `${prefix}${String(number).padStart(DIGITS, '0')}`)
}

/** Lists all keys that have generations, in no order. */
export async function keysWithGenerations(root: string): Promise<string[]> {
  const entries = await readdir(join(root, GENERATIONS_PREFIX), { recursive: true }).catch((error) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  return [...new Set(entries.filter((entry) => /\/\d{12}$/.test(entry)).map((entry) => dirname(entry)))]
}

/** Returns the hex SHA-256 of a body. */
export function bodyHash(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

/** Returns the ETag of a body in a generation. */
export function bodyEtag(body: Uint8Array): string {
  return `"${bodyHash(body)}"`
}
