import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isOrphan, processName, temporaryName, whereIs } from './process-name.ts'

const DAY_MS = 24 * 60 * 60 * 1000

test('whereIs: a name that this process made, here', () => {
  expect(whereIs(processName())).toBe('here')
  expect(whereIs(temporaryName())).toBe('here')
  expect(temporaryName()).not.toBe(temporaryName())
  expect(isOrphan(temporaryName(), 0, DAY_MS * 9)).toBe(false)
})

test('whereIs: a process that has ended, or whose number was reused, gone', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  const [host = '', , start = ''] = processName().split('-')
  expect(whereIs(`${host}-${child.pid}-${start}-0011`)).toBe('gone')
  expect(whereIs(`${host}-${process.pid}-00000000`)).toBe('gone')
  expect(isOrphan(`${host}-${process.pid}-00000000-ff`, DAY_MS, DAY_MS)).toBe(true)
})

test.each(['', 'x', '41e68cbd0011223344556677', '00000000-1-00000000', '../..'])('whereIs: %j, unknown', (name) => {
  expect(whereIs(name)).toBe('elsewhere')
  expect(isOrphan(name, 0, DAY_MS)).toBe(false)
  expect(isOrphan(name, 0, DAY_MS + 1)).toBe(true)
})
