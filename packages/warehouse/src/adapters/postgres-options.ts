import type { Config } from '@dwh/config'
import { type ConnectOptions, systemRoom } from '@dwh/extract-postgres'
import type { AllSurroundings } from '../surroundings.ts'

/** How to reach the Postgres of the configuration. */
export function postgresOptions(config: Config, { env, home }: AllSurroundings): ConnectOptions {
  const room = { ...systemRoom(env), home }
  return config.source === null ? { room } : { connection: config.source, room }
}
