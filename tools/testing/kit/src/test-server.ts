import { mkdir } from 'node:fs/promises'
import type { PostgresServer } from '@dwh/postgres-server'
import { copyServerTemplate } from './server-template.ts'
import { NEWEST, serverPrograms, startTunedServer, type TestServerOptions } from './tuned-server.ts'

/** Starts a server of one major version, tuned for tests, from its stored template. */
export async function startTestServer(options: TestServerOptions): Promise<PostgresServer> {
  await mkdir(options.folder, { recursive: true, mode: 0o755 })
  await copyServerTemplate(serverPrograms(options.version ?? NEWEST), options.folder)
  return startTunedServer(options)
}
