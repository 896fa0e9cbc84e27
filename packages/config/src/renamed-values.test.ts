import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { loadConfig } from './index.ts'

/** Settings with values that were renamed in format version 3, as the docs showed them before. */
const EXAMPLES: readonly (readonly [yaml: string, where: string, hint: string])[] = [
  [
    'types:\n  uuid: text\ntables:\n  orders:\n    columns:\n      types:\n        discount: or-null\n        ratio: double\n',
    'dwh.yaml:7: tables.orders.columns.types.discount',
    'Write nullify: or-null is called nullify now.',
  ],
  ['types: { numeric: or-null }\n', 'dwh.yaml:1: types.numeric', 'Write nullify: or-null is called nullify now.'],
  ['verify: deep\n', 'dwh.yaml:1: verify', 'Write hash: deep is called hash now.'],
  ['tables:\n  events: { verify: deep }\n', 'dwh.yaml:2: tables.events.verify', 'Write hash: deep is called hash now.'],
]

async function load(yaml: string, env: Record<string, string> = {}): Promise<unknown> {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'dwh.yaml'), yaml)
  return loadConfig({}, { env, cwd, home: cwd, tmp: cwd })
}

test.each(EXAMPLES)('renamed value: refused, and the hint has the new name: %j', async (yaml, where, hint) => {
  await expect(load(yaml)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(where),
    hint,
  })
})

test('renamed value in a variable: the same hint', async () => {
  const hint = 'Write hash: deep is called hash now.'
  await expect(load('', { DWH_VERIFY: 'deep' })).rejects.toMatchObject({
    message: expect.stringContaining('DWH_VERIFY'),
    hint,
  })
})

test('old value in a setting that never had it: no hint with the new name', async () => {
  await expect(load('extract: deep\n')).rejects.toMatchObject({ hint: expect.not.stringContaining('hash') })
})
