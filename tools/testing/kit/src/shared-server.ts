import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SharedService } from './shared-services.ts'
import { startTestServer } from './test-server.ts'

/** Starts the one Postgres that the tests of a run share; each test makes its own database in it. */
export async function startSharedServer(): Promise<SharedService> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-test-server-'))
  await chmod(folder, 0o755)
  const server = await startTestServer({ folder })
  const guard = guardServer(server.pid, folder)
  return {
    value: server.url(),
    async end() {
      await server.stop()
      guard.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Ends the server and removes its folder if this process ended without doing so: even a kill closes the guard's stdin.
 */
export function guardServer(pid: number, folder: string): ReturnType<typeof spawn> {
  const script = 'cat >/dev/null; kill -INT "$1"; while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"'
  const guard = spawn('sh', ['-c', script, 'guard', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // a Ctrl-C on the terminal must not end the guard
    detached: true,
  })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref()
  return guard
}
