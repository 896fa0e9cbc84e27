import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { build } from '@dwh/build/tsup'

const config: ReturnType<typeof build> = build({
  entry: ['src/main.ts'],
  dts: false,
  splitting: false,
  noExternal: [/^@dwh\//],
  external: ['esbuild', 'vitest'],
  // of the test kit only what is used: the rest imports what runs tests
  treeshake: { moduleSideEffects: false },
  esbuildPlugins: [
    {
      // what lies beside a tool's source is not beside the bundle
      name: 'tools stay where they are',
      setup: ({ onLoad }) =>
        onLoad({ filter: /\/tools\/.*\.ts$/ }, async ({ path }) => ({
          loader: 'ts',
          contents: (await readFile(path, 'utf8')).replaceAll(
            'import.meta.url',
            JSON.stringify(pathToFileURL(path).href),
          ),
        })),
    },
  ],
})
export default config
