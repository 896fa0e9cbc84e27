import type { PlantedFault } from '../planted-fault.ts'

const src = 'packages/query/src'

export const QUERY: readonly PlantedFault[] = [
  {
    name: 'special characters in a path act as a pattern',
    file: `${src}/view-sql.ts`,
    find: '  return path.replace(/[*?[]/g, (character) => `[${character}]`)',
    replace: '  return path',
    tests: [`${src}/view-sql.test.ts`],
  },
  {
    name: 'a folder named a=b becomes a column',
    file: `${src}/view-sql.ts`,
    find: 'hive_partitioning = false, ',
    replace: '',
    tests: [`${src}/view-sql.test.ts`],
  },
  {
    name: 'a file is read without its hash being compared',
    file: `${src}/local-files.ts`,
    find: '  if ((await hashOf(handle, signal)) !== file.sha256) return false\n',
    replace: '',
    tests: [`${src}/open-session.test.ts`],
  },
  {
    name: 'the descriptor of a wrong file stays open',
    file: `${src}/local-files.ts`,
    find: '    if (!promised) await handle.close()',
    replace: '',
    tests: [`${src}/committed-files.test.ts`],
  },
  {
    name: 'a changed file counts as verified',
    file: `${src}/verified-files.ts`,
    find: 'return [dev, ino, size, mtimeNs].join',
    replace: 'return [dev, ino, size].join',
    tests: [`${src}/committed-files.test.ts`],
  },
  {
    name: 'the cache grows beyond its limit',
    file: `${src}/cached-files.ts`,
    find: 'total + file.bytes <= maxBytes',
    replace: 'total <= maxBytes',
    tests: [`${src}/committed-files.test.ts`],
  },
  {
    name: 'the cache evicts the most recently used file first',
    file: `${src}/cached-files.ts`,
    find: '(a, b) => a.usedAt - b.usedAt',
    replace: '(a, b) => b.usedAt - a.usedAt',
    tests: [`${src}/committed-files.test.ts`],
  },
  {
    name: 'queries use the remembered state when the store denies access',
    file: `${src}/remembering-store.ts`,
    find: "        if (!isDwhError(error, 'STORE_UNREACHABLE')) throw error\n",
    replace: '',
    tests: [`${src}/remembering-store.test.ts`],
  },
  {
    name: 'days are counted in UTC, whatever the time zone',
    file: `${src}/open-session.ts`,
    find: 'await connection.run(`SET TimeZone = ${quoteLiteral(timeZone)}`)',
    replace: "await connection.run(`SET TimeZone = 'UTC'`)",
    tests: [`${src}/open-session.test.ts`],
  },
  {
    name: 'CSV does not distinguish NULL and an empty text',
    file: `${src}/format/format-csv.ts`,
    find: "text === '' || /[",
    replace: '/[',
    tests: [`${src}/format/format-result.test.ts`],
  },
  {
    name: 'a quote within a field of CSV is not doubled',
    file: `${src}/format/format-csv.ts`,
    find: '`"${text.replaceAll(\'"\', \'""\')}"`',
    replace: '`"${text}"`',
    tests: [`${src}/format/format-result.test.ts`],
  },
  {
    name: 'a prepared statement keeps a plan without its tables',
    file: `${src}/tables-in-sql.ts`,
    find: "const body = statement.replace(PREPARE, '')",
    replace: 'const body = statement',
    tests: [`${src}/tables-in-sql.test.ts`],
    only: 'the tables of a statement',
  },
]
