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
    esbuildPlugins: [licenses('dist/third-party-licenses.txt')],
    ...options,
  })
}
