import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAULTS } from './list.ts'
import { plant } from './planted-fault.ts'
import { ROOT } from './source-copy.ts'

test('the list of planted faults: each line is in the code exactly once, and its tests exist', () => {
  for (const fault of FAULTS) {
    const source = readFileSync(join(ROOT, fault.file), 'utf8')
    expect(plant(fault, source)).not.toBe(source)
    for (const file of fault.tests) expect(existsSync(join(ROOT, file)), `${fault.name}: ${file}`).toBe(true)
  }
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length)
})

test('a line that the code no longer has: an error with fault and file', () => {
  const fault = { name: 'a fault', file: 'a.ts', find: 'x', replace: 'y', tests: [] }
  expect(plant(fault, 'a x b')).toBe('a y b')
  for (const source of ['a b', 'x x']) expect(() => plant(fault, source)).toThrow('a fault: a.ts contains "x"')
})
