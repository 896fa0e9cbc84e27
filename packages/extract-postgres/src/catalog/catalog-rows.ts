import { isAscii, isUtf8 } from 'node:buffer'
import { attemptQuery } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'

/**
 * Marks a byte in a name that is not text; two hex digits follow. No text contains this character:
 * https://www.unicode.org/faq/private_use.html#nonchar1
 */
const BYTE = '\ufdd0'

/** True for a name with bytes that are not text: no statement can contain it. */
export function isBroken(name: string): boolean {
  return name.includes(BYTE)
}

/** A name as people read and write it: `m%FCller` for a byte that is not text. */
export function spelled(name: string): string {
  return name.replaceAll(BYTE, '%')
}

/**
 * Runs a query on the catalog. A name may contain bytes that are not text in the encoding of the database, or in any,
 * as in SQL_ASCII; one such name would fail the plain query. `isBroken` detects these names. Numbers have the form of
 * JSON. Call it inside a transaction.
 */
export async function catalogRows<Row>(client: PgClient, sql: string, values: unknown[] = []): Promise<Row[]> {
  const { rows: found } = await client.query(`SELECT pg_catalog.current_setting('server_encoding') AS encoding`)
  const { encoding } = found[0] as { encoding: string }
  if (encoding === 'UTF8') return (await client.query(sql, values)).rows
  const { rows } = await client.query(
    `SELECT pg_catalog.convert_to(pg_catalog.row_to_json(q)::pg_catalog.text, 'SQL_ASCII') AS bytes FROM (${sql}) AS q`,
    values,
  )
  const list = (rows as { bytes: Buffer }[]).map(({ bytes }) => bytes)
  const texts = encoding === 'SQL_ASCII' ? list.map(readUtf8) : await decodeAll(client, encoding, list)
  return texts.map((text) => JSON.parse(text))
}

/** Decodes UTF-8, and marks bytes that are not UTF-8. */
function readUtf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(at, at + size)))
    const piece = bytes.subarray(at, at + (length ?? 1))
    pieces.push(length === undefined ? broken(piece) : piece.toString('utf8'))
    at += piece.length
  }
  return pieces.join('')
}

function broken(bytes: Buffer): string {
  return [...bytes].map((byte) => `${BYTE}${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}

/**
 * Lets the server decode, because it knows its encoding. A list that fails is halved until a single text is left, then
 * a single run of characters beyond ASCII.
 */
async function decodeAll(client: PgClient, encoding: string, list: readonly Buffer[]): Promise<string[]> {
  if (list.every(isAscii)) return list.map((bytes) => bytes.toString('latin1'))
  const literals = list.map((bytes) => `'\\x${bytes.toString('hex')}'`)
  const answer = await attemptQuery(
    client,
    `SELECT pg_catalog.convert(b, '${encoding}', 'UTF8') AS bytes
      FROM pg_catalog.unnest(ARRAY[${literals.join(', ')}]::pg_catalog.bytea[]) WITH ORDINALITY AS u (b, n) ORDER BY n`,
  )
  if ('results' in answer) {
    return ((answer.results[0]?.rows ?? []) as { bytes: Buffer }[]).map(({ bytes }) => bytes.toString('utf8'))
  }
  if (list.length > 1) {
    const middle = Math.floor(list.length / 2)
    const first = await decodeAll(client, encoding, list.slice(0, middle))
    return [...first, ...(await decodeAll(client, encoding, list.slice(middle)))]
  }
  const [bytes = Buffer.alloc(0)] = list
  const runs = bytes.toString('latin1').match(/[\0-\x7f]+|[\x80-\xff]+/g) ?? []
  if (runs.length === 1) return [broken(bytes)]
  const decoded: string[] = []
  for (const run of runs) decoded.push(...(await decodeAll(client, encoding, [Buffer.from(run, 'latin1')])))
  return [decoded.join('')]
}
