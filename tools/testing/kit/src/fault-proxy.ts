import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** `up`: to the server; `down`: from it. */
export type Direction = 'up' | 'down'

/**
 * `close`: both sides are hung up on. `reset`: with an RST. `half-close`: the receiver is told that no more comes, and the other direction goes on. `black-hole`: nothing passes any more, in
 * either direction, and nobody is told. `black-hole-all`: on every connection, those to come included.
 */
export type Mishap = 'close' | 'reset' | 'half-close' | 'black-hole' | 'black-hole-all'

export interface NetworkFault {
  readonly does: Mishap
  /** Default `down`. */
  readonly direction?: Direction
  /** How much passes first in that direction, from the moment of `sees` on. Default 0. */
  readonly afterBytes?: number
  /** Strikes connections on which this was sent to the server. Default: all. */
  readonly sees?: string
  /** How many connections it strikes. Default 1. */
  readonly times?: number
}

export interface FaultProxy {
  readonly port: number
  /** Breaks connections, present and future. */
  add(fault: NetworkFault): { readonly hits: number }
  /** Of everything that passes. */
  latencyMs: number
  bytesPerSecond: number
  /** Connections to come are taken, and nothing is ever said on them. */
  silent: boolean
  /** Nothing is wrong any more with connections to come. */
  heal(): void
  close(): Promise<void>
}

interface LiveFault extends Required<Omit<NetworkFault, 'sees'>> {
  readonly sees: string | undefined
  hits: number
}

/** What goes through one connection. */
interface Line {
  readonly client: Socket
  readonly server: Socket
  /** Bytes since each fault was armed, and not yet struck. */
  readonly armed: Map<LiveFault, number>
  /** The end of what was sent, in which a text may begin. */
  tail: string
  /** Nothing passes any more. */
  dead: boolean
}

const MOST_TEXT = 4096

/** A TCP proxy on loopback that breaks what passes through it, as networks do. */
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

  /** The first fault that strikes within this chunk, and how much of the chunk passes before. */
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
        // before it is known how much of it passes: a text and what follows it may come together
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
      // where the receiver went away, what it said before still reaches the sender
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
