import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { defineConfig, type Options } from 'tsup'
import { licenses } from './licenses.ts'

/** How every package is built: one ES module with source map and declarations, for the oldest Node that is supported. */
export function build(options: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry: ['src/index.ts'],
    format: ['esm'],
    platform: 'node',
    target: 'node20',
    dts: true,
    sourcemap: true,
    clean: true,
    ...options,
  })
}

/** All but native code, which is chosen when it is installed, and what `pg` asks for and does without. */
const BUNDLED = /^(?!@duckdb\/node-bindings|pg-native)/

/** How a program is built: together with all it depends on, and what is loaded later beside it. */
export function bundle(options: Options = {}): ReturnType<typeof defineConfig> {
  return build({
    entry: ['src/main.ts'],
    dts: false,
    splitting: true,
    noExternal: [BUNDLED],
    // CommonJS modules ask for Node's own by `require`, which a module does not have
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    // "licenses" in its name would keep our own LICENSE out of the package: pnpm takes it for that
    esbuildPlugins: [licenses('dist/third-party-notices.txt')],
    ...options,
  })
}

/** How a program is built that is run from this repository only: other people's packages stay where they are installed, and of the workspace's own only what is used goes in. */
export function buildTool(entry: string[]): ReturnType<typeof defineConfig> {
  return build({
    entry,
    dts: false,
    splitting: false,
    noExternal: [/^@dwh\//],
    external: ['esbuild', 'vitest'],
    // of the test kit only what is used: the rest imports what runs tests
    treeshake: { moduleSideEffects: false },
    esbuildPlugins: [toolsStay],
  })
}

/** What lies beside a tool's source, such as a list of requirements, is not beside the bundle. */
const toolsStay: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'tools stay where they are',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/tools\/.*\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    })),
}
