import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { applyChanges, type SourceChange } from '@dwh/test-kit'
import { build } from 'esbuild'

const workspace = fileURLToPath(new URL('../../../../', import.meta.url))

export interface Program {
  /** Its path, for Node. */
  readonly path: string
  remove(): Promise<void>
}

/**
 * Bundles the child program with the sources of the packages, patched or as they are; files are relative to the root of
 * the workspace. Native code stays outside.
 */
export async function buildChild(patches: readonly SourceChange[] = []): Promise<Program> {
  const folder = await mkdtemp(fileURLToPath(new URL('./.child-', import.meta.url)))
  const remove = () => rm(folder, { recursive: true, force: true })
  const missed = new Set(patches.map(({ file }) => file))
  try {
    await build({
      entryPoints: [fileURLToPath(new URL('./child/main.ts', import.meta.url))],
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      mainFields: ['module', 'main'],
      external: ['@duckdb/node-bindings', 'pg-native'],
      // CommonJS modules `require` Node's modules, but an ES module has no `require`; `['url']` keeps this tool's own
      // bundle from replacing `import.meta.url`
      banner: {
        js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta['url']);",
      },
      logLevel: 'error',
      tsconfig: `${workspace}tsconfig.json`,
      plugins: [
        {
          name: 'patches',
          setup: ({ onLoad }) =>
            onLoad({ filter: /\/(packages|apps)\/.*\.ts$/ }, async ({ path }) => {
              const file = relative(workspace, path)
              missed.delete(file)
              return { loader: 'ts', contents: applyChanges(file, await readFile(path, 'utf8'), patches) }
            }),
        },
      ],
    })
    for (const file of missed) throw new Error(`${file}: patched, but not part of the program`)
  } catch (error) {
    await remove()
    throw error
  }
  return { path: `${folder}/main.mjs`, remove }
}
