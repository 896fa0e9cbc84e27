import type { PlantedFault } from '../planted-fault.ts'

const src = 'packages/core/src'

export const CORE: readonly PlantedFault[] = [
  {
    name: 'days are in UTC, whatever the time zone',
    file: `${src}/day.ts`,
    find: "      timeZone,\n      calendar: 'iso8601',",
    replace: "      timeZone: 'UTC',\n      calendar: 'iso8601',",
    tests: [`${src}/day.test.ts`],
  },
  {
    name: 'a quote in a name ends it',
    file: `${src}/sql.ts`,
    find: "name.replaceAll('\"', '\"\"')",
    replace: 'name',
    tests: [`${src}/sql.test.ts`],
  },
  {
    name: 'files of another machine count as orphans at once',
    file: `${src}/process-name.ts`,
    find: "where === 'elsewhere' && now - modifiedAt > ABANDONED_MS",
    replace: "where === 'elsewhere'",
    tests: [`${src}/process-name.test.ts`],
  },
  {
    name: 'another process with the same id counts as the old one',
    file: `${src}/process-name.ts`,
    find: "found === null || short(found) === start ? 'here' : 'gone'",
    replace: "'here'",
    tests: [`${src}/process-name.test.ts`],
  },
  {
    name: 'a table may have a reserved name',
    file: `${src}/lake.ts`,
    find: "(character === '_' && encoded !== '')",
    replace: "character === '_'",
    tests: [`${src}/lake.test.ts`],
  },
  {
    name: 'retained bytes of another version are read',
    file: `${src}/where-to-look.ts`,
    find: 'one.key === file.key && one.sha256 === file.sha256',
    replace: 'one.key === file.key',
    tests: [`${src}/where-to-look.test.ts`],
  },
  {
    name: 'a store without that property counts as one that honours conditions',
    file: `${src}/honours-conditions.ts`,
    find: '?? false',
    replace: '?? true',
    tests: [`${src}/wrap-store.test.ts`],
  },
  {
    name: 'a wrapped store has a method that the store lacks',
    file: `${src}/wrap-store.ts`,
    find: '    if (store[name] === undefined) continue\n',
    replace: '',
    tests: [`${src}/wrap-store.test.ts`],
  },
]
