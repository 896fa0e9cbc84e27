import { createHash } from 'node:crypto'
import { readdir, readFile, rm, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GENERATIONS_PREFIX } from '@dwh/core'
import { linkTo, place, syncFolder, writeFile } from './durable.ts'
import { hasCode } from './local-errors.ts'

/*
 * The numbered generations of one key, which make a conditional put out of `link()`: the kernel grants a name once. The key's value is that of its highest
 * number. A number is taken for ever: a superseded file is emptied and stays, a delete is a new generation, so a writer that slept between comparing
 * and linking, however long, always finds its number taken.
 */

export interface Generation {
  /** From 1. */
  readonly number: number
  /** Null: deleted, or lost. */
  readonly body: Uint8Array | null
  /** The highest, and empty all the same. It never is where it was made: the folder was copied while it was superseded, or what superseded it was removed. */
  readonly lost: boolean
}

/** The first byte of a generation's file; an empty file is one that was superseded. */
const VALUE = 0x3d // =
const DELETED = 0x2d // -

const DIGITS = 12

export function generationsFolder(root: string, key: string): string {
  return join(root, GENERATIONS_PREFIX, key)
}

/** The current generation; null for a key that has none. */
export async function readGeneration(folder: string): Promise<Generation | null> {
  for (;;) {
    const number = await highest(folder)
    if (number === 0) return null
    const content = await readFile(file(folder, number))
    // emptied, wholly or while it was read, only after a higher one was there
    if ((await highest(folder)) !== number) continue
    return { number, body: content[0] === VALUE ? content.subarray(1) : null, lost: content.length === 0 }
  }
}

async function highest(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  return names.reduce((max, name) => (/^\d{12}$/.test(name) ? Math.max(max, Number(name)) : max), 0)
}

/**
 * Makes the generation that follows `after`, durably; false when somebody else has made it. `incoming` is a path of its own for the time being.
 * Of all that try to follow the same generation, one succeeds.
 */
export async function addGeneration(
  folder: string,
  after: number,
  body: Uint8Array | null,
  incoming: string,
): Promise<boolean> {
  await writeFile(incoming, Buffer.concat([Uint8Array.of(body ? VALUE : DELETED), body ?? new Uint8Array()]))
  const path = file(folder, after + 1)
  try {
    if (!(await place(incoming, path, linkTo))) return false
  } finally {
    await rm(incoming, { force: true })
  }
  await syncFolder(folder)
  // the bytes of the one before are nobody's any more; its number is taken all the same
  if (after > 0) await truncate(file(folder, after)).catch(() => {})
  return true
}

function file(folder: string, number: number): string {
  return join(folder, String(number).padStart(DIGITS, '0'))
}

/** Every key below `prefix` that has generations, in no order. */
export async function keysWithGenerations(root: string): Promise<string[]> {
  const entries = await readdir(join(root, GENERATIONS_PREFIX), { recursive: true }).catch((error) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  return [...new Set(entries.filter((entry) => /\/\d{12}$/.test(entry)).map((entry) => dirname(entry)))]
}

/** Hex SHA-256. */
export function bodyHash(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

/** The ETag of a body that came from a generation. */
export function bodyEtag(body: Uint8Array): string {
  return `"${bodyHash(body)}"`
}
