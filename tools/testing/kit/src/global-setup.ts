import type { TestProject } from 'vitest/node'
import { buildPackages } from './build-packages.ts'
import { startSharedServer } from './shared-server.ts'
import { startSharedServices } from './shared-services.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sharedServices: string
  }
}

/** Opens the socket on which tests ask for shared services. Services start only when a test needs them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startSharedServices({ postgres: startSharedServer, built: buildPackages })
  project.provide('sharedServices', services.path)
  return services.close
}
