import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The services that the tests of one run share. */
export type SharedName = 'postgres' | 'built'

/** A started service: the value for tests, and how to end it. */
export interface SharedService {
  readonly value: string
  end(): Promise<void>
}

export interface SharedServices {
  /** The socket for workers: they send a name and receive one line. */
  readonly path: string
  /** Ends all started services. */
  close(): Promise<void>
}

/** The answer to a worker: one line of JSON. */
export type SharedAnswer = { readonly value: string } | { readonly error: string }

/**
 * Starts each service on its first request; simultaneous requests share it. The services belong to the main process of
 * vitest, which outlives its workers, so the crash of a worker does not end them.
 */
export async function startSharedServices(
  makers: Readonly<Record<SharedName, () => Promise<SharedService>>>,
): Promise<SharedServices> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-shared-'))
  const path = join(folder, 'socket')
  const started = new Map<SharedName, Promise<SharedService>>()
  const answer = async (name: SharedName): Promise<SharedAnswer> => {
    try {
      const service = started.get(name) ?? makers[name]()
      started.set(name, service)
      return { value: (await service).value }
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) }
    }
  }
  const server = createServer((socket) => {
    // the worker ended in the meantime
    socket.on('error', () => {})
    socket.once('data', async (name) => socket.end(JSON.stringify(await answer(String(name) as SharedName))))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return {
    path,
    async close() {
      server.close()
      for (const service of started.values()) await (await service.catch(() => null))?.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
