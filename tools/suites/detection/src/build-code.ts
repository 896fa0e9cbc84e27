import { importChanged, type SourceChange } from '@dwh/test-kit'

export type Code = typeof import('./code.ts')

/** A later version of the code, which reads integers in another way. */
export const NEXT_RELEASE: SourceChange = { file: 'recipe-versions.ts', find: 'int4: 1,', replace: 'int4: 2,' }

/** Flaws that a random history shows. */
export const FLAWS: Readonly<Record<string, readonly SourceChange[]>> = {
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
export const SERVER_FLAWS: Readonly<Record<'restart' | 'crash' | 'promotion' | 'position', SourceChange>> = {
  restart: { file: 'server-history.ts', find: 'then.started !== server.started', replace: 'then.started === null' },
  crash: { file: 'server-history.ts', find: 'then.recovered !== server.recovered', replace: 'then.recovered === null' },
  promotion: {
    file: 'server-history.ts',
    find: 'then.standby !== server.standby || then.timeline !== server.timeline',
    replace: 'then.timeline === undefined',
  },
  position: { file: 'server-history.ts', find: 'return back ?', replace: 'return back && then.started === null ?' },
}

/** Builds the code under test with changes, and imports it. */
export const buildCode = (changes: readonly SourceChange[]): Promise<Code> =>
  importChanged<Code>({
    module: new URL('./code.ts', import.meta.url),
    sources: /packages\/extract-postgres\/src\/.*\.ts$/,
    changes,
    external: ['pg', 'pg-copy-streams', 'pg-cursor'],
  })
