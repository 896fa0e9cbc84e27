import { defineConfig, type ViteUserConfig } from 'vitest/config'
import base from '../../../vitest.config.ts'

/** For tests on a copy of the source: one Postgres serves all of them, that of the tests that make it. */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: { ...base.test, globalSetup: [], provide: { sharedServices: process.env.DWH_PLANTED_SERVICES ?? '' } },
})
export default config
