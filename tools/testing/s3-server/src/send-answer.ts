import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Content, readContent } from './body-store.ts'
import type { FaultPlan } from './faults.ts'
import type { Answer } from './operation.ts'
import type { RunningRequest } from './recorded-request.ts'

/**
 * Writes an answer, with the plan's faults applied to its body. Returns once it is written, or cut.
 * @param gone aborts when the client leaves
 */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  plan: FaultPlan,
  record: RunningRequest,
  gone: AbortSignal,
): Promise<void> {
  const bodiless = record.method === 'HEAD' || answer.status === 204 || answer.status === 304
  const { body = '' } = answer
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.size
  response.statusCode = answer.status
  record.status = answer.status
  if (typeof body === 'string' && body !== '') response.setHeader('content-type', 'application/xml')
  if (!bodiless) response.setHeader('content-length', size)
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, toLatin1(value))
  if (!bodiless) {
    for await (const chunk of paced(chunksOf(body), plan.bytesPerSecond, gone)) {
      const left = plan.cutAfterBytes - record.bytesOut
      const piece = corrupted(chunk, record.bytesOut, plan.corruptAt).subarray(0, Math.min(left, chunk.length))
      record.bytesOut += piece.length
      if (piece.length < chunk.length) return cut(response, piece)
      if (!response.write(piece)) await once(response, 'drain', { signal: gone })
    }
  }
  response.end()
}

/** Passes the bytes to the kernel before the socket closes, so that the client receives them. */
async function cut(response: ServerResponse, last: Buffer): Promise<void> {
  const socket = response.socket as Socket | null
  response.flushHeaders()
  if (last.length > 0) response.write(last)
  await new Promise<void>((resolve) => (socket ? socket.write('', () => resolve()) : resolve()))
  socket?.destroy()
}

async function* chunksOf(body: string | Content): AsyncGenerator<Buffer> {
  if (typeof body !== 'string') yield* readContent(body)
  else if (body !== '') yield Buffer.from(body)
}

/** Sends a tenth of the bytes per second, ten times a second. */
async function* paced(
  chunks: AsyncIterable<Buffer>,
  bytesPerSecond: number,
  gone: AbortSignal,
): AsyncGenerator<Buffer> {
  if (bytesPerSecond === Number.POSITIVE_INFINITY) return yield* chunks
  const pieceBytes = Math.max(1, Math.round(bytesPerSecond / 10))
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes)
      yield piece
      await sleep((piece.length / bytesPerSecond) * 1000, undefined, { signal: gone })
    }
  }
}

function corrupted(chunk: Buffer, start: number, places: readonly number[]): Buffer {
  const here = places.filter((place) => place >= start && place < start + chunk.length)
  if (here.length === 0) return chunk
  const copy = Buffer.from(chunk)
  for (const place of here) copy[place - start] = ~(copy[place - start] as number)
  return copy
}

/** Node writes header text as Latin-1; this keeps UTF-8 as UTF-8. */
function toLatin1(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1')
}
