import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from './local-errors.ts'

/**
 * The keys of all files below `root` that start with `prefix`, in the byte order of the keys, without holding more than one list of names per level.
 * `hidden` are prefixes that are not entered. A folder that goes away meanwhile is one without files.
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
  // a folder counts with its slash: `a-b` comes before what is in `a`
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

/** Keys are ASCII, for which the order of JavaScript is that of the bytes. */
export function byBytes(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Two ascending sequences of keys as one, each key once. */
export async function* mergeKeys(first: AsyncIterable<string>, second: readonly string[]): AsyncGenerator<string> {
  let at = 0
  for await (const key of first) {
    for (; at < second.length && byBytes(second[at] as string, key) <= 0; at += 1)
      if (second[at] !== key) yield second[at] as string
    yield key
  }
  yield* second.slice(at)
}
