import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from './local-errors.ts'

/**
 * Lists the keys of all files below `root` that start with `prefix`, in byte order. Holds at most one list of names per
 * level. `hidden`: prefixes to skip. A folder that disappears in between counts as empty.
 */
export async function* walk(
  root: string,
  prefix: string,
  hidden: readonly string[],
  folder = '',
): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  // a folder sorts with its slash: `a-b` comes before the files in `a`
  const keys = entries.flatMap((entry) => {
    if (entry.isDirectory()) return [`${folder}${entry.name}/`]
    return entry.isFile() ? [`${folder}${entry.name}`] : []
  })
  for (const key of keys.sort(byBytes)) {
    if (key.endsWith('/')) {
      const mayHold = key.startsWith(prefix) || prefix.startsWith(key)
      if (mayHold && !hidden.includes(key)) yield* walk(root, prefix, hidden, key)
    } else if (key.startsWith(prefix)) {
      yield key
    }
  }
}

/** Compares keys by their bytes: keys are ASCII, where JavaScript's order is byte order. */
export function byBytes(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Merges two ascending sequences of keys; yields each key once. */
export async function* mergeKeys(first: AsyncIterable<string>, second: readonly string[]): AsyncGenerator<string> {
  let at = 0
  for await (const key of first) {
    for (; at < second.length && byBytes(second[at] as string, key) <= 0; at += 1)
      if (second[at] !== key) yield second[at] as string
    yield key
  }
  yield* second.slice(at)
}

/** Groups keys, so that several can be worked on at once. */
export async function* inBatches(keys: AsyncIterable<string>, size: number): AsyncGenerator<string[]> {
  let batch: string[] = []
  for await (const key of keys) {
    batch.push(key)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
