import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresVersion, startTestServer } from '@dwh/test-kit'

/** Starts a server on which nothing happens but what its test does; `stop` removes it. */
export async function startQuietServer(
  version?: PostgresVersion,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-test-'))
  await chmod(folder, 0o755)
  const server = await startTestServer({ folder, settings: { autovacuum: 'off' }, ...(version ? { version } : {}) })
  return {
    url: server.url(),
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
