import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { applyChanges, type SourceChange } from './apply-changes.ts'

/** The code to import. */
export interface ChangedCode {
  /** The module; what it imports has to resolve from its folder. */
  readonly module: URL
  /** Paths of the source files that may change; a change names its file without the folder. */
  readonly sources: RegExp
  readonly changes: readonly SourceChange[]
  /** Packages that are imported as they are, not bundled. */
  readonly external?: readonly string[]
}

/**
 * Builds a module from changed sources, and imports it.
 * @throws if the text of a change is not in its file exactly once, or its file is not part of the module
 */
export async function importChanged<Code>({ module, sources, changes, external = [] }: ChangedCode): Promise<Code> {
  // beside the module, so that its imports of packages resolve
  const folder = await mkdtemp(fileURLToPath(new URL('./.child-', module)))
  const missed = new Set(changes.map(({ file }) => file))
  try {
    const outfile = `${folder}/code.mjs`
    await build({
      entryPoints: [fileURLToPath(module)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      external: [...external],
      tsconfig: fileURLToPath(new URL('../../../../tsconfig.json', import.meta.url)),
      plugins: [
        {
          name: 'changes',
          setup: ({ onLoad }) =>
            onLoad({ filter: sources }, async ({ path }) => {
              const file = basename(path)
              missed.delete(file)
              return { loader: 'ts', contents: applyChanges(file, await readFile(path, 'utf8'), changes) }
            }),
        },
      ],
    })
    for (const file of missed) throw new Error(`${file}: changed, but not part of the module`)
    return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as Code
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
