import type { PlantedFault } from '../planted-fault.ts'

const src = 'packages/parquet-writer/src'

export const PARQUET_WRITER: readonly PlantedFault[] = [
  {
    name: 'an empty text in COPY data becomes NULL',
    file: `${src}/text-input.ts`,
    find: `quote: "''", escape: "''", nullstr: "'\\\\N'"`,
    replace: `quote: "''", escape: "''", nullstr: "['\\\\N', '']"`,
    tests: [`${src}/write-copy.test.ts`],
  },
  {
    name: 'a tab in COPY data stays escaped',
    file: `${src}/text-input.ts`,
    find: `      ["'\\\\t'", 'chr(9)'],\n`,
    replace: '',
    tests: [`${src}/write-copy.test.ts`],
  },
  {
    name: 'a failed file is not removed',
    file: `${src}/write-parquet.ts`,
    find: '    await rm(input.path, { force: true })\n',
    replace: '',
    tests: [`${src}/write-parquet.test.ts`, `${src}/write-copy.test.ts`],
  },
  {
    name: 'missing rows in a written file are not noticed',
    file: `${src}/write-parquet.ts`,
    find: 'counts.written !== counts.read || counts.inFooter !== counts.read',
    replace: 'counts.inFooter !== counts.written',
    tests: [`${src}/write-copy.test.ts`],
    only: 'fewer rows than the source has sent',
  },
  {
    name: 'columns whose names differ only in case are written',
    file: `${src}/write-parquet.ts`,
    find: 'name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())',
    replace: 'name',
    tests: [`${src}/write-parquet.test.ts`],
  },
  {
    name: 'a row with too few values is written',
    file: `${src}/row-size.ts`,
    find: 'if (row.length === columns.length) return null',
    replace: 'if (row.length <= columns.length) return null',
    tests: [`${src}/encode-rows.test.ts`, `${src}/write-parquet.test.ts`],
  },
  {
    name: 'a row of exactly the maximum size is rejected',
    file: `${src}/encode-rows.ts`,
    find: 'if (bytes > maxRowBytes) throw rowTooLarge(`row ${rows + 1}`, bytes, columns, { maxRowBytes })',
    replace: 'if (bytes >= maxRowBytes) throw rowTooLarge(`row ${rows + 1}`, bytes, columns, { maxRowBytes })',
    tests: [`${src}/encode-rows.test.ts`],
  },
  {
    name: 'the source is not closed when the reader stops',
    file: `${src}/feed.ts`,
    find: '    await iterator.return?.()\n',
    replace: '',
    tests: [`${src}/feed.test.ts`],
  },
  {
    name: 'a pipe is not removed',
    file: `${src}/feed.ts`,
    find: '    await rm(path, { force: true })\n',
    replace: '',
    tests: [`${src}/feed.test.ts`],
  },
]
