import { isDwhError } from '@dwh/core'
import { localStore } from './index.ts'

// Reads all objects of a local store, then tries to write, and prints the result.
const store = localStore({ path: process.argv[2] ?? '' })
const seen: Record<string, string> = {}
for await (const { key } of store.list('')) seen[key] = Buffer.from((await store.get(key))?.body ?? []).toString()
const attempts: [string, () => Promise<unknown>][] = [
  ['put', () => store.put('a/x', Buffer.from('x'))],
  ['conditional put', () => store.put('etl.json', Buffer.from('x'), { ifAbsent: true })],
  ['conditional put', () => store.put('new', Buffer.from('x'), { ifAbsent: true })],
  ['delete', () => store.delete('plain')],
]
const refused: string[] = []
for (const [name, attempt] of attempts) {
  await attempt().catch((error) => refused.push(`${name}: ${isDwhError(error) ? error.code : error}`))
}
console.log(JSON.stringify({ seen, refused }))
