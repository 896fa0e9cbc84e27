import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const workspace = new URL('../../../../', import.meta.url)

/** A change to the source text of a package. */
export interface Patch {
  /** Relative to the workspace's root. */
  readonly file: string
  /** Occurs in it exactly once. */
  readonly find: string
  readonly replace: string
}

export interface Program {
  /** Its path, for Node. */
  readonly path: string
  remove(): Promise<void>
}

/** Bundles the child program with the sources of the packages, patched or as they are. Native code stays outside. */
export async function buildChild(patches: readonly Patch[] = []): Promise<Program> {
  const folder = await mkdtemp(fileURLToPath(new URL('./.child-', import.meta.url)))
  const remove = () => rm(folder, { recursive: true, force: true })
  const missed = new Set(patches)
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
      tsconfig: fileURLToPath(new URL('tsconfig.json', workspace)),
      plugins: [
        {
          name: 'patches',
          setup: ({ onLoad }) =>
            onLoad({ filter: /\/(packages|apps)\/.*\.ts$/ }, async ({ path }) => {
              const own = patches.filter(({ file }) => fileURLToPath(new URL(file, workspace)) === path)
              for (const patch of own) missed.delete(patch)
              return { loader: 'ts', contents: own.reduce(apply, await readFile(path, 'utf8')) }
            }),
        },
      ],
    })
    for (const { file } of missed) throw new Error(`${file}: patched, but not part of the program`)
  } catch (error) {
    await remove()
    throw error
  }
  return { path: `${folder}/main.mjs`, remove }
}

function apply(text: string, { file, find, replace }: Patch): string {
  if (text.split(find).length !== 2) throw new Error(`${file}: does not contain this text exactly once: ${find}`)
  return text.replace(find, () => replace)
}
