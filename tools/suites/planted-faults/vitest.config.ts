import { defineConfig, type ViteUserConfig } from 'vitest/config'
import base from '../../../vitest.config.ts'

/** Configuration for tests on a copy of the source. They share the Postgres of the run that made the copy. */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: { ...base.test, globalSetup: [], provide: { sharedServices: process.env.DWH_PLANTED_SERVICES ?? '' } },
})
export default config
