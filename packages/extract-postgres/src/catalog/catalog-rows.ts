import { isAscii, isUtf8 } from 'node:buffer'
import { attemptQuery } from '../session/attempt-query.ts'
import type { PgClient } from '../session/pg-client.ts'

/** In a name, before the two hex digits of a byte that is no text. It is a character that no text has: https://www.unicode.org/faq/private_use.html#nonchar1 */
const BYTE = '\ufdd0'

/** True for a name with bytes that are no text: no statement of ours can have it. */
export function isBroken(name: string): boolean {
  return name.includes(BYTE)
}

/** A name as a person reads and writes it: `m%FCller`, where a byte of it is no text. */
export function spelled(name: string): string {
  return name.replaceAll(BYTE, '%')
}

/**
 * The rows of a query over the catalog, in which a name may have bytes that are no text in the encoding of the database, or in none, as SQL_ASCII has it: left alone, one such name fails the query. `isBroken` tells
 * them. Numbers come as JSON has them. Call it inside a transaction.
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

/** UTF-8 as far as it is some. */
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

/** By the server, which knows its encoding; what fails is halved, until it is one text, or one run of characters beyond ASCII. */
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
