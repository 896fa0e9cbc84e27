import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

export type Code = typeof import('./code.ts')

/** A change to the source text of `@dwh/extract-postgres`. */
export interface Change {
  /** Name of a file in its `src`. */
  readonly file: string
  /** Text that is in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A later version of the code, which reads integers in another way. */
export const NEXT_RELEASE: Change = { file: 'recipe-versions.ts', find: 'int4: 1,', replace: 'int4: 2,' }

/** Flaws that a random history shows. */
export const FLAWS: Readonly<Record<string, readonly Change[]>> = {
  'no count': [{ file: 'detect-tables.ts', find: 'fresh === 0 && rows === earlierRows', replace: 'fresh === 0' }],
  'xmax for xmin': [
    { file: 'detect-tables.ts', find: 'each.then.snapshot.xmin }', replace: 'each.then.snapshot.xmax }' },
  ],
  'idle by xmax alone': [{ file: 'detect-tables.ts', find: 'then.xmin === then.xmax && ', replace: '' }],
  'no fingerprint of the structure': [
    { file: 'detect-tables.ts', find: 'then.structure !== state.structure', replace: 'then.structure === null' },
  ],
  'no types in the fingerprint': [
    { file: 'table-fingerprint.ts', find: 'hash([found.columns, types])', replace: 'hash([found.columns])' },
  ],
  'columns of the table only, not of its parts': [
    {
      file: 'catalog-fingerprint.ts',
      find: 'FROM tree t JOIN pg_attribute',
      replace: 'FROM (SELECT root, root AS oid FROM tree) t JOIN pg_attribute',
    },
  ],
  'no leaves': [
    {
      file: 'catalog-fingerprint.ts',
      find: 'UNION SELECT t.root, child.inhrelid FROM tree t JOIN child ON child.inhparent = t.oid',
      replace: '',
    },
  ],
  'no recipe version': [{ file: 'table-fingerprint.ts', find: '    recipes,\n', replace: '' }],
}

/** Flaws that only another server shows. */
export const SERVER_FLAWS: Readonly<Record<'restart' | 'crash' | 'promotion' | 'position', Change>> = {
  restart: { file: 'server-history.ts', find: 'then.started !== server.started', replace: 'then.started === null' },
  crash: { file: 'server-history.ts', find: 'then.recovered !== server.recovered', replace: 'then.recovered === null' },
  promotion: {
    file: 'server-history.ts',
    find: 'then.standby !== server.standby || then.timeline !== server.timeline',
    replace: 'then.timeline === undefined',
  },
  position: { file: 'server-history.ts', find: 'return back ?', replace: 'return back && then.started === null ?' },
}

/**
 * Returns the source text with all changes to its file applied.
 * @throws if the text of a change is not in the file exactly once
 */
export function applyChanges(file: string, text: string, changes: readonly Change[]): string {
  return changes
    .filter((each) => each.file === file)
    .reduce((changed, { find, replace }) => {
      const parts = changed.split(find)
      if (parts.length !== 2) throw new Error(`${file} contains this text ${parts.length - 1} times, not once: ${find}`)
      return parts.join(replace)
    }, text)
}

/** Builds the code under test with changes, and imports it. */
export async function buildCode(changes: readonly Change[]): Promise<Code> {
  // below the packages' folder, so that imports of their dependencies resolve
  const folder = await mkdtemp(fileURLToPath(new URL('../.child-', import.meta.url)))
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
      external: ['pg', 'pg-copy-streams', 'pg-cursor'],
      tsconfig: fileURLToPath(new URL('../../../../tsconfig.json', import.meta.url)),
      plugins: [
        {
          name: 'change',
          setup({ onLoad }) {
            onLoad({ filter: /packages\/extract-postgres\/src\/.*\.ts$/ }, async ({ path }) => ({
              contents: applyChanges(basename(path), await readFile(path, 'utf8'), changes),
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
