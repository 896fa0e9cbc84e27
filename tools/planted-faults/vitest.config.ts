import { defineConfig, type ViteUserConfig } from 'vitest/config'
import base from '../../vitest.config.ts'

/** For tests on a copy of the source: nothing is built, and one Postgres serves all of them. */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: { ...base.test, globalSetup: [], provide: { postgresUrl: process.env.DWH_PLANTED_POSTGRES ?? '' } },
})
export default config
