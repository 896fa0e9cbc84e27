import type { PlantedFault } from '../planted-fault.ts'

const src = 'packages/maintenance/src'

export const MAINTENANCE: readonly PlantedFault[] = [
  {
    name: 'a week begins on Sunday',
    file: `${src}/keep-days.ts`,
    find: '(date.getUTCDay() + 6) % 7',
    replace: 'date.getUTCDay()',
    tests: [`${src}/prune-warehouse.test.ts`],
  },
  {
    name: 'one more day is retained than the setting asks for',
    file: `${src}/keep-days.ts`,
    find: 'if (seen.size === count) break',
    replace: 'if (seen.size > count) break',
    tests: [`${src}/prune-warehouse.test.ts`],
  },
  {
    name: 'a day is removed that is the current day of a table',
    file: `${src}/prune-warehouse.ts`,
    find: "    rules.set(date, [...(rules.get(date) ?? []), 'current'])",
    replace: '    void date',
    tests: [`${src}/prune-warehouse.test.ts`],
  },
  {
    name: 'the plain copies of a removed day stay',
    file: `${src}/prune-warehouse.ts`,
    find: 'copies_pending: withDays(state.copies_pending, pending),',
    replace: '',
    tests: [`${src}/prune-warehouse.test.ts`],
  },
  {
    name: 'the objects of a removed day stay for ever',
    file: `${src}/prune-warehouse.ts`,
    find: 'days: withDays([], pending), keys }',
    replace: 'days: withDays([], pending), keys: [] }',
    tests: [`${src}/prune-warehouse.test.ts`],
  },
  {
    name: 'verify does not miss a plain copy',
    file: `${src}/check-copies.ts`,
    find: "    if (!found) wrong.push({ ...copy, problem: 'missing' })\n    else if",
    replace: '    if (!found) continue\n    else if',
    tests: [`${src}/verify-warehouse.test.ts`],
  },
  {
    name: 'verify does not compare the hash',
    file: `${src}/check-files.ts`,
    find: 'if (seen.sha256 !== file.sha256) return',
    replace: 'if (seen.bytes !== file.bytes) return',
    tests: [`${src}/verify-warehouse.test.ts`],
  },
  {
    name: 'verify reports days that are being removed as missing',
    file: `${src}/expected-files.ts`,
    find: 'if (!going.has(file.key)) all.set',
    replace: 'all.set',
    tests: [`${src}/expected-files.test.ts`],
  },
  {
    name: 'a rebuilt state has a fencing token that was used before',
    file: `${src}/rebuild-state.ts`,
    find: '    fencing_token: now.getTime(),\n    tables,',
    replace: '    tables,',
    tests: [`${src}/repair-warehouse.test.ts`],
    only: 'etl.json',
  },
]
