import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigFlags } from '@dwh/config'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test, vi } from 'vitest'
import { makeProgram } from '../../../../apps/cli/src/program.ts'
import { publishedSchema } from '../../../../apps/cli/src/published-schema.test-support.ts'
import { keysAt } from '../../../../packages/config/src/config-schema.ts'
import { mergeSettings, withDefaults } from '../../../../packages/config/src/merge-settings.ts'
import { readConfigFile } from '../../../../packages/config/src/read-config-file.ts'
import { ROOT } from './pages.ts'
import { keysOn, withSettings } from './settings-tables.ts'

/* What CONTRIBUTING says under "Add a setting": one row, here two, in a copy of the list. Nothing else is changed. */
vi.mock('../../../../packages/config/src/settings-list.ts', async (original) => {
  const list = await original<typeof import('../../../../packages/config/src/settings-list.ts')>()
  const added = [
    {
      key: 'nap',
      kind: 'duration',
      description: 'how long to `rest` after each table',
      variable: 'DWH_NAP',
      flag: { name: 'long-nap', value: 'time' },
      default: '2m',
    },
    { key: 's3.mood', kind: 'choice', choices: ['calm', 'wild'], description: 'its mood', variable: 'S3_MOOD' },
  ]
  return { ...list, SETTINGS: [...list.SETTINGS, ...added] }
})

/** Returns its merged value. */
async function settled(yaml: string, env: Record<string, string> = {}, flags: Record<string, string> = {}) {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'dwh.yaml'), yaml)
  const { values } = mergeSettings(await readConfigFile(undefined, cwd, env), flags as ConfigFlags, { env, cwd })
  return withDefaults('', values) as unknown as Record<string, unknown>
}

test('a new setting: read from the flag, else the environment, else the file, else its default', async () => {
  expect(await settled('')).toMatchObject({ nap: 120_000 })
  expect(await settled('nap: 3m')).toMatchObject({ nap: 180_000 })
  expect(await settled('nap: 3m', { DWH_NAP: '4s' })).toMatchObject({ nap: 4000 })
  expect(await settled('nap: 3m', { DWH_NAP: '4s' }, { longNap: '5s' })).toMatchObject({ nap: 5000 })
  expect(await settled('s3: { mood: calm }')).toMatchObject({ s3: { mood: 'calm' } })
  expect(await settled('s3: { mood: calm }', { S3_MOOD: 'wild' })).toMatchObject({ s3: { mood: 'wild' } })
})

test('a new setting: errors name the place of the value; a mistyped key suggests it', async () => {
  await expect(settled('nap: long')).rejects.toThrow('dwh.yaml:1: nap: expected a duration')
  await expect(settled('', { DWH_NAP: 'long' })).rejects.toThrow('DWH_NAP: expected a duration')
  await expect(settled('', {}, { longNap: 'long' })).rejects.toThrow('--long-nap: expected a duration')
  await expect(settled('', { S3_MOOD: 'sad' })).rejects.toThrow('S3_MOOD: expected "calm" or "wild"')
  await expect(settled('', { DWH_NAP: 'postgres://a:b@c/d' })).rejects.not.toThrow('a:b')
  await expect(settled('nab: 3m')).rejects.toThrow(expect.objectContaining({ hint: 'Did you mean nap?' }))
  expect(keysAt(['s3'])).toContain('mood')
})

test('a new setting: the published schema has it', () => {
  const { properties } = JSON.parse(publishedSchema())
  expect(properties.nap).toMatchObject({
    description: 'How long to rest after each table. DWH_NAP. Default: 2m.',
    anyOf: [{ type: 'string', pattern: expect.any(String) }, { type: 'string' }],
  })
  expect(properties.s3.properties.mood).toMatchObject({ description: 'Its mood. S3_MOOD.' })
})

test('a new setting: the help has its flag and its variable', async () => {
  let text = ''
  const folder = await temporaryFolder()
  const program = makeProgram({
    env: {},
    cwd: folder,
    home: folder,
    tmp: folder,
    stdin: process.stdin,
    stdout: {
      write: async (more) => {
        text += more
        return true
      },
      size: () => null,
      isFile: false,
    },
    leaveInterrupts: () => {},
    stderr: process.stderr,
    clock: () => new Date(),
    random: (bytes) => new Uint8Array(bytes),
    signal: new AbortController().signal,
    exitWith: () => {},
    hide: () => {},
    hidden: () => [],
  })
  program.outputHelp()
  await program.parseAsync(['node', 'dwh', 'help', 'settings'])
  expect(text).toMatch(/^ {2}--long-nap <time> +how long to rest after each table\s+\(default: 2m\)$/m)
  expect(text).toMatch(/^ {2}DWH_NAP {2}\(nap; default: 2m\)\n {6}how long to rest after each table$/m)
  expect(text).toMatch(/^ {2}S3_MOOD {2}\(s3\.mood\)\n {6}its mood: calm, wild$/m)
})

test('a new setting: docs/configuration.md has it', () => {
  const page = 'configuration.md'
  const text = withSettings(page, readFileSync(join(ROOT, 'docs', page), 'utf8'))
  expect(text).toMatch(
    /^\| `nap` +\| `DWH_NAP` +\| `--long-nap` +\| `2m` +\| how long to `rest` after each table +\|$/m,
  )
  expect(text).toMatch(/^\| `mood` +\| `S3_MOOD` +\| +\| its mood: `calm`, `wild` +\|$/m)
  expect(keysOn(text)).toEqual(expect.arrayContaining(['nap', 's3.mood']))
})
