import { defineConfig, type ViteUserConfig } from 'vitest/config'
import base from './vitest.config.ts'

/**
 * The suites of tools/suites/runner/suites.json: what takes long, or needs more than Node and npm, or a registry
 * while it runs.
 */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['{packages,apps,tools}/**/*.extra.test.ts', 'bench/**/*.extra.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: [...(base.test?.globalSetup ?? []), 'tools/suites/runner/prepare-suites.ts'],
    runner: './tools/suites/runner/suite-runner.ts',
    // what measures or races has the machine for itself
    fileParallelism: false,
  },
})
export default config
