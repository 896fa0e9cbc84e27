import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the tests of one run share. */
export type SharedName = 'postgres' | 'built'

/** One that was started: what the tests need to know of it, and how it ends. */
export interface SharedService {
  readonly value: string
  end(): Promise<void>
}

export interface SharedServices {
  /** The socket at which workers ask: the name, and a line comes back. */
  readonly path: string
  /** Ends what was started. */
  close(): Promise<void>
}

/** The answer to a worker: one line of JSON. */
export type SharedAnswer = { readonly value: string } | { readonly error: string }

/**
 * Starts each service when the first worker asks for it, once however many ask at the same time. It lives in the process of vitest, which outlives its
 * workers: so one that crashes takes no service with it.
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
    // a worker that has ended in the meantime
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
