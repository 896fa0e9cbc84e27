import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { Code } from './actors.ts'

/** A change to the source text of `@dwh/metadata`. */
interface Change {
  /** A file in its `src`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** The flaws of the model as somebody might write them in code, and one that was in the code. */
export const FLAWS: Readonly<Record<string, readonly Change[]>> = {
  // replaced bytes are retained during promotion, not before the commit
  'retain-late': [
    {
      file: 'publish-run.ts',
      find: 'if (await store.copy(file.key, file.retained_as)) retained.push(file)',
      replace: 'retained.push(file)',
    },
    {
      file: 'roll-forward.ts',
      find: 'if (!over) await store.move(',
      replace:
        "if (!over && seen) await store.copy(key, stageKey(run_id, key).replace('/stage/', '/kept/'))\nif (!over) await store.move(",
    },
  ],
  // replaced bytes are retained under a key that two runs share
  'retain-shared': [
    {
      file: 'publish-run.ts',
      find: 'retained_as: retainedKey(runId, key)',
      replace: "retained_as: retainedKey('shared', key)",
    },
  ],
  // the day's manifest is put, not moved out of the stage
  'manifest-put': [
    {
      file: 'roll-forward.ts',
      find: '  let over = false\n',
      replace: '  let over = false\n  const last = await store.get(stageKey(run_id, keys.at(-1)!))\n',
    },
    {
      file: 'roll-forward.ts',
      find: 'if (!over) await store.move(',
      replace:
        'if (!over && last && key === keys.at(-1)) await store.put(key, last.body)\nelse if (!over) await store.move(',
    },
  ],
  // `publishing` is cleared before the staged objects are deleted
  'clear-first': [
    {
      file: 'roll-forward.ts',
      find: '  await forEach(keys, (key) => store.delete(stageKey(run_id, key)))\n',
      replace: '',
    },
    {
      file: 'roll-forward.ts',
      find: 'publishing: null })\n  })\n',
      replace: 'publishing: null })\n  })\n  await forEach(keys, (key) => store.delete(stageKey(run_id, key)))\n',
    },
  ],
  // orphans are deleted without raising the fencing token first
  'clean-without-token': [
    {
      file: 'clean.ts',
      find: 'await writeState(store, base, {\n      ...base.state,\n      fencing_token: base.state.fencing_token + 1,\n      retained,\n    })',
      replace: 'base',
    },
  ],
  // a run commits while an earlier one is still being published
  'commit-while-publishing': [
    { file: 'roll-forward.ts', find: 'if (now.state.publishing === null) return now', replace: 'return now' },
  ],
  // an expired lease counts as another writer's success, so the run retries for ever
  'retry-forever': [
    { file: 'write-state.ts', find: ' && error.context.leaseOver !== true', replace: '' },
    { file: 'write-state.ts', find: ' || attempts >= MOST_ATTEMPTS', replace: '' },
  ],
}

const METADATA = fileURLToPath(new URL('../../../../../packages/metadata/src/', import.meta.url))

/**
 * Returns the source text with all changes to its file applied.
 * @throws if the text of a change is not in the file exactly once
 */
export function change(file: string, text: string, changes: readonly Change[]): string {
  return changes
    .filter((each) => each.file === file)
    .reduce((changed, { find, replace }) => {
      const parts = changed.split(find)
      if (parts.length !== 2) throw new Error(`${file} contains this text ${parts.length - 1} times, not once: ${find}`)
      return parts.join(replace)
    }, text)
}

/** Builds the code under test with a flaw in it, and imports it. */
export async function flawedCode(changes: readonly Change[]): Promise<Code> {
  // below the packages' folder, so that imports of their dependencies resolve
  const folder = await mkdtemp(fileURLToPath(new URL('../../.child-', import.meta.url)))
  try {
    const outfile = `${folder}/code.mjs`
    await build({
      entryPoints: [fileURLToPath(new URL('./code.ts', import.meta.url))],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      tsconfig: fileURLToPath(new URL('../../../../../tsconfig.json', import.meta.url)),
      plugins: [
        {
          name: 'flaw',
          setup({ onLoad }) {
            onLoad({ filter: /packages\/metadata\/src\/[a-z-]+\.ts$/ }, async ({ path }) => ({
              contents: change(basename(path), await readFile(path, 'utf8'), changes),
              loader: 'ts',
            }))
          },
        },
      ],
    })
    return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as Code
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Reads a source file of `@dwh/metadata`. */
export function sourceOf(file: string): Promise<string> {
  return readFile(`${METADATA}${file}`, 'utf8')
}
