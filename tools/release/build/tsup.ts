import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { defineConfig, type Options } from 'tsup'
import { licenses } from './licenses.ts'
import { namedImports } from './named-imports.ts'

/** Builds a package: one ES module with source map and declarations, for the oldest supported Node. */
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

/** Imports that are not bundled: native code, which is chosen at installation, and an optional import of `pg`. */
const BUNDLED = /^(?!@duckdb\/node-bindings|pg-native)/

/** Builds a program with all its dependencies; chunks that are loaded later are files beside it. */
export function bundle(options: Options = {}): ReturnType<typeof defineConfig> {
  return build({
    entry: ['src/main.ts'],
    dts: false,
    splitting: true,
    noExternal: [BUNDLED],
    // CommonJS modules `require` Node's modules, but an ES module has no `require`
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    // "licenses" in its name would make pnpm leave out our own LICENSE
    esbuildPlugins: [licenses('dist/third-party-notices.txt'), namedImports],
    ...options,
  })
}

/**
 * Builds a program that is run from this repository only: third-party packages stay installed, and of workspace
 * packages only the used code is bundled.
 */
export function buildTool(entry: string[]): ReturnType<typeof defineConfig> {
  return build({
    entry,
    dts: false,
    splitting: false,
    noExternal: [/^@dwh\//],
    external: ['esbuild', 'vitest'],
    // bundle only the used part of the test kit: the rest imports vitest
    treeshake: { moduleSideEffects: false },
    esbuildPlugins: [toolsStay],
  })
}

/**
 * Keeps imports of tools outside the bundle, since files beside their source, such as requirements, are not bundled.
 */
const toolsStay: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'tools stay where they are',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/tools\/.*\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    })),
}
