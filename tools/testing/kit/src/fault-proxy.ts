import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** `up`: to the server; `down`: from it. */
export type Direction = 'up' | 'down'

/**
 * `close`: closes both sides. `reset`: the same with an RST. `half-close`: tells the receiver that the data ends; the
 * other direction continues. `black-hole`: nothing passes in either direction any more, and no side is told.
 * `black-hole-all`: the same for all connections, future ones too.
 */
export type Mishap = 'close' | 'reset' | 'half-close' | 'black-hole' | 'black-hole-all'

export interface NetworkFault {
  readonly does: Mishap
  /** Default `down`. */
  readonly direction?: Direction
  /** Bytes that pass first in that direction, after `sees`. Default 0. */
  readonly afterBytes?: number
  /** Affects only connections on which the client sent this text. Default: all. */
  readonly sees?: string
  /** Number of connections that it affects. Default 1. */
  readonly times?: number
}

export interface FaultProxy {
  readonly port: number
  /** Breaks connections, present and future. */
  add(fault: NetworkFault): { readonly hits: number }
  /** Delay of all data, in milliseconds. */
  latencyMs: number
  bytesPerSecond: number
  /** If true, new connections are accepted but never answered. */
  silent: boolean
  /** Ends all faults for new connections. */
  heal(): void
  close(): Promise<void>
}

interface LiveFault extends Required<Omit<NetworkFault, 'sees'>> {
  readonly sees: string | undefined
  hits: number
}

/** One proxied connection. */
interface Line {
  readonly client: Socket
  readonly server: Socket
  /** Bytes since each pending fault was armed. */
  readonly armed: Map<LiveFault, number>
  /** The end of the client's data so far, in which the searched text may begin. */
  tail: string
  /** True once nothing passes any more. */
  dead: boolean
}

const MOST_TEXT = 4096

/** Starts a TCP proxy on loopback that plays network faults. */
export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  let faults: LiveFault[] = []
  let dead = false
  let over = () => {}
  const closing = new Promise<void>((resolve) => {
    over = resolve
  })
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    keep(client)
    if (dead || proxy.silent) return
    const server = keep(connect({ ...target, allowHalfOpen: true }))
    const line: Line = { client, server, armed: new Map(), tail: '', dead: false }
    for (const fault of faults) if (fault.sees === undefined) arm(line, fault)
    void pump(line, 'up')
    void pump(line, 'down')
  })

  function keep(socket: Socket): Socket {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    return socket
  }

  function arm(line: Line, fault: LiveFault): void {
    if (!line.armed.has(fault) && fault.hits < fault.times) line.armed.set(fault, 0)
  }

  function look(line: Line, chunk: Buffer): void {
    line.tail = (line.tail + chunk.toString('latin1')).slice(-MOST_TEXT - chunk.length)
    for (const fault of faults) if (fault.sees !== undefined && line.tail.includes(fault.sees)) arm(line, fault)
    line.tail = line.tail.slice(-MOST_TEXT)
  }

  /** Returns the first fault that applies within this chunk, and how much of the chunk passes before it. */
  function strike(line: Line, direction: Direction, bytes: number): { fault: LiveFault; passes: number } | null {
    let first: { fault: LiveFault; passes: number } | null = null
    for (const [fault, seen] of line.armed) {
      if (fault.direction !== direction || fault.hits >= fault.times) continue
      const passes = fault.afterBytes - seen
      if (passes > bytes) line.armed.set(fault, seen + bytes)
      else if (first === null || passes < first.passes) first = { fault, passes }
    }
    if (first !== null) {
      first.fault.hits += 1
      line.armed.delete(first.fault)
    }
    return first
  }

  async function pump(line: Line, direction: Direction): Promise<void> {
    const [from, to] = direction === 'up' ? [line.client, line.server] : [line.server, line.client]
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        // arm faults first, then decide how much passes: the text and the data after it may be in the same chunk
        if (direction === 'up') look(line, chunk)
        if (dead || line.dead) return await closing
        const struck = strike(line, direction, chunk.length)
        await pass(to, struck ? chunk.subarray(0, struck.passes) : chunk)
        if (struck) {
          await happen(struck.fault.does, line, to)
          return
        }
      }
      if (dead || line.dead) return await closing
      to.end()
    } catch {
      if (dead || line.dead) return await closing
      // after the receiver has closed, its earlier data still reaches the sender
      if (from.destroyed) to.destroy()
      else from.resume()
    }
  }

  async function pass(to: Socket, bytes: Buffer): Promise<void> {
    if (proxy.latencyMs > 0) await sleep(proxy.latencyMs)
    const ms = (1000 * bytes.length) / proxy.bytesPerSecond
    if (ms > 0) await sleep(ms)
    if (!to.write(bytes)) await drained(to)
  }

  async function happen(mishap: Mishap, line: Line, to: Socket): Promise<void> {
    const { client, server } = line
    if (mishap === 'half-close') return void to.end()
    if (mishap === 'close') for (const socket of [client, server]) socket.destroy()
    if (mishap === 'reset') for (const socket of [client, server]) socket.resetAndDestroy()
    if (mishap === 'black-hole-all') dead = true
    if (mishap.startsWith('black-hole')) {
      line.dead = true
      await closing
    }
  }

  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const proxy: FaultProxy = {
    port: (listener.address() as { port: number }).port,
    latencyMs: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    silent: false,
    add(fault) {
      const live: LiveFault = { direction: 'down', afterBytes: 0, times: 1, hits: 0, sees: undefined, ...fault }
      faults.push(live)
      return live
    },
    heal() {
      faults = []
      dead = false
      Object.assign(proxy, { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, silent: false })
    },
    async close() {
      over()
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
  return proxy
}

async function drained(socket: Socket): Promise<void> {
  const over = new AbortController()
  const closed = once(socket, 'close', over).then(() => Promise.reject(new Error('closed')))
  closed.catch(() => {})
  await Promise.race([once(socket, 'drain', over), closed]).finally(() => over.abort())
}
