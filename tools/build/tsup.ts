import { defineConfig, type Options } from 'tsup'

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
