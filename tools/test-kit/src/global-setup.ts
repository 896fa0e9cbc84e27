import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { ensureBuilt } from './built.ts'
import { startTestServer } from './test-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

/** Builds what is not up to date, and starts one server for the whole test run; each test makes a database of its own in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensureBuilt()
  const folder = await mkdtemp(join(tmpdir(), 'dwh-test-server-'))
  await chmod(folder, 0o755)
  const server = await startTestServer({ folder })
  project.provide('postgresUrl', server.url())
  return async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
