import { createHash } from 'node:crypto'
import { readdir, readFile, rm, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GENERATIONS_PREFIX } from '@dwh/core'
import { linkTo, place, syncFolder, writeFile } from './durable.ts'
import { hasCode } from './local-errors.ts'

/*
 * The numbered generations of one key, which turn `link()` into a conditional put: the kernel grants a name once. The
 * highest number holds the key's value. A number is never reused: a superseded file is emptied and stays, and a delete
 * is a new generation. So a writer that sleeps between comparing and linking, however long, finds its number taken.
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
  const names = await readdir(folder).catch((error) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  return names.reduce((max, name) => (/^\d{12}$/.test(name) ? Math.max(max, Number(name)) : max), 0)
}

/**
 * Makes the generation after `after`, durably; false when another writer has made it. `incoming` is a unique temporary
 * path. Of several writers that try to add the same generation, one succeeds.
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
  // the bytes of the previous generation are no longer needed; its number stays taken
  if (after > 0) await truncate(file(folder, after)).catch(() => {})
  return true
}

function file(folder: string, number: number): string {
  return join(folder, String(number).padStart(DIGITS, '0'))
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
