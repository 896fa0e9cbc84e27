import { defineConfig, type ViteUserConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** What needs more than Node and npm, or a registry while it runs: optional for users, required in CI. */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['{packages,apps,tools}/**/*.extra.test.ts', 'bench/**/*.extra.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    fileParallelism: false,
  },
})
export default config
