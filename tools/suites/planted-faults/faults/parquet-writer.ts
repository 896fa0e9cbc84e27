import type { PlantedFault } from '../planted-fault.ts'

const src = 'packages/parquet-writer/src'

export const PARQUET_WRITER: readonly PlantedFault[] = [
  {
    name: 'an empty text of a copy becomes NULL',
    file: `${src}/text-input.ts`,
    find: `quote: "''", escape: "''", nullstr: "'\\\\N'"`,
    replace: `quote: "''", escape: "''", nullstr: "['\\\\N', '']"`,
    tests: [`${src}/write-copy.test.ts`],
  },
  {
    name: 'a tab in a text of a copy stays escaped',
    file: `${src}/text-input.ts`,
    find: `      ["'\\\\t'", 'chr(9)'],\n`,
    replace: '',
    tests: [`${src}/write-copy.test.ts`],
  },
  {
    name: 'a file that failed is left',
    file: `${src}/write-parquet.ts`,
    find: '    await rm(input.path, { force: true })\n',
    replace: '',
    tests: [`${src}/write-parquet.test.ts`, `${src}/write-copy.test.ts`],
  },
  {
    name: 'rows that DuckDB did not write are not missed',
    file: `${src}/write-parquet.ts`,
    find: 'counts.written !== counts.read || counts.inFooter !== counts.read',
    replace: 'counts.inFooter !== counts.written',
    tests: [`${src}/write-copy.test.ts`],
    only: 'fewer rows than the source has sent',
  },
  {
    name: 'columns that differ in case only are written',
    file: `${src}/write-parquet.ts`,
    find: 'name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())',
    replace: 'name',
    tests: [`${src}/write-parquet.test.ts`],
  },
  {
    name: 'a row that is cut short is filled up',
    file: `${src}/row-size.ts`,
    find: 'if (row.length === columns.length) return null',
    replace: 'if (row.length <= columns.length) return null',
    tests: [`${src}/encode-rows.test.ts`, `${src}/write-parquet.test.ts`],
  },
  {
    name: 'a row of exactly the most bytes is refused',
    file: `${src}/encode-rows.ts`,
    find: 'if (bytes > maxRowBytes) throw rowTooLarge(`row ${rows + 1}`, bytes, columns, { maxRowBytes })',
    replace: 'if (bytes >= maxRowBytes) throw rowTooLarge(`row ${rows + 1}`, bytes, columns, { maxRowBytes })',
    tests: [`${src}/encode-rows.test.ts`],
  },
  {
    name: 'the source is not told that nobody reads any more',
    file: `${src}/feed.ts`,
    find: '    await iterator.return?.()\n',
    replace: '',
    tests: [`${src}/feed.test.ts`],
  },
  {
    name: 'a pipe is left behind',
    file: `${src}/feed.ts`,
    find: '    await rm(path, { force: true })\n',
    replace: '',
    tests: [`${src}/feed.test.ts`],
  },
]
