import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  DwhError,
  GENERATIONS_PREFIX,
  INCOMING_PREFIX,
  type ObjectInfo,
  type PutCondition,
  temporaryName,
} from '@dwh/core'
import { moveInto, writeFile } from './durable.ts'
import { addGeneration, bodyEtag, bodyHash, type Generation, generationsFolder, readGeneration } from './generations.ts'
import { readPlain } from './plain-file.ts'

/** Returns a unique path for a file that is being written. A process that dies leaves it behind; nothing reads it. */
export function incomingPath(root: string): string {
  return join(root, INCOMING_PREFIX, temporaryName())
}

/** Returns the key's current generation, after updating its plain file; null for a key without generations. */
export async function generationOf(root: string, key: string): Promise<Generation | null> {
  const generation = await readGeneration(generationsFolder(root, key))
  if (generation && !generation.lost) await refreshPlainFile(root, key, generation)
  return generation
}

/**
 * Returns the value of a key with generations; null for a deleted key.
 * @throws DwhError DAMAGED for a lost value; the key can still be written
 */
export function bodyOf(root: string, key: string, { body, lost }: Generation): Uint8Array | null {
  if (!lost) return body
  throw new DwhError('DAMAGED', `${join(root, key)}: its current value is missing in ${GENERATIONS_PREFIX}`, {
    hint: 'The folder was copied while a run was writing, or files in it were removed. Run `dwh repair`.',
  })
}

/** Updates the plain file. Best effort: it is for other programs, and a read-only warehouse can still be read. */
async function refreshPlainFile(root: string, key: string, generation: Pick<Generation, 'body'>): Promise<void> {
  const path = join(root, key)
  try {
    const plain = await readPlain(path)
    if (generation.body === null) {
      if (plain) await rm(path, { force: true })
    } else if (!plain || Buffer.compare(plain.body, generation.body) !== 0) {
      const temporary = incomingPath(root)
      await writeFile(temporary, generation.body)
      await moveInto(temporary, path)
    }
  } catch {
    // the next access tries again
  }
}

/** Adds a generation after the current one, or after the plain file, if `condition` holds. */
export async function putGeneration(
  root: string,
  key: string,
  body: Uint8Array | null,
  condition: PutCondition | undefined,
): Promise<void> {
  const path = join(root, key)
  for (;;) {
    const current = await generationOf(root, key)
    const plain = current ? null : await readPlain(path)
    const etag = current ? current.body && bodyEtag(current.body) : (plain?.etag ?? null)
    if (condition && !holds(condition, etag)) throw conflict(key)
    const number = current?.number ?? 0
    if (await addGeneration(generationsFolder(root, key), number, body, incomingPath(root))) {
      return refreshPlainFile(root, key, { body })
    }
    if (condition) throw conflict(key)
  }
}

function holds(condition: PutCondition, etag: string | null): boolean {
  return 'ifAbsent' in condition ? etag === null : etag === condition.ifMatch
}

function conflict(key: string): DwhError {
  return new DwhError('CONFLICT', `${key}: changed by another writer (conditional write failed)`, {
    hint: 'Read it again, then retry.',
    context: { key },
  })
}

/** Returns the info of a value in a generation. */
export function bodyInfo(key: string, body: Uint8Array): ObjectInfo {
  return { key, size: body.length, etag: bodyEtag(body), sha256: bodyHash(body) }
}
