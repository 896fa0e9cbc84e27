import type { Config } from '@dwh/config'
import { type ConnectOptions, systemEnvironment } from '@dwh/extract-postgres'
import type { FullEnvironment } from '../environment.ts'

/** How to reach the Postgres of the configuration. */
export function postgresOptions(config: Config, { env, home }: FullEnvironment): ConnectOptions {
  const environment = { ...systemEnvironment(env), home }
  return config.source === null ? { environment } : { connection: config.source, environment }
}
