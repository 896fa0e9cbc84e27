import { build } from '@dwh/build/tsup'

export default build({
  entry: ['src/memory.ts', 'src/peak-memory.ts'],
  dts: false,
  splitting: false,
  noExternal: [/^@dwh\//],
  external: ['esbuild', 'vitest'],
})
