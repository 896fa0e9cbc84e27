import { availableParallelism } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const source = (path: string) => new URL(path, import.meta.url).pathname

/** Tests run on the source of every package; those of the apps start what was built. */
const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      {
        find: /^@dwh\/(harness|postgres-server|s3-server|s3-stores|duckdb-extensions)$/,
        replacement: source('tools/testing/$1/src/index.ts'),
      },
      { find: /^@dwh\/test-kit$/, replacement: source('tools/testing/kit/src/index.ts') },
      { find: /^@dwh\/seed$/, replacement: source('seed/src/index.ts') },
      { find: /^@dwh\/storage\/testing$/, replacement: source('packages/storage/src/testing/index.ts') },
      { find: /^@dwh\/warehouse\/settings$/, replacement: source('packages/warehouse/src/settings.ts') },
      { find: /^@dwh\/([a-z-]+)$/, replacement: source('packages/$1/src/index.ts') },
    ],
  },
  test: {
    include: ['{packages,apps,tools,examples}/**/*.test.ts', '{seed,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.extra.test.ts'],
    globalSetup: ['tools/testing/kit/src/global-setup.ts'],
    // says so once in each file, whatever the test
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // how long is too long for certain: machines are noisy, and a test that measures says so itself
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    // tests wait for servers and disks a fifth of their time
    maxWorkers: availableParallelism() + 1,
  },
})
export default config
