import { spawnSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { ROOT, readPage } from './pages.ts'

/*
 * The script of docs/backup.md, with the shell that runs it and programs in the place of rsync. That what it lets
 * pass is whole: packages/maintenance.
 */

const script = readPage('docs/backup.md').blocks.find(({ text }) => text.startsWith('#!/bin/sh'))?.text ?? ''

/** Runs it where rsync is `rsync`, a script of its own, and nobody waits. */
async function backUp(rsync: string): Promise<{ code: number | null; said: string; copied: string[] }> {
  const folder = await temporaryFolder()
  for (const name of ['bin', 'backup']) await mkdir(join(folder, name))
  await cp(join(ROOT, 'packages/maintenance/fixtures/version-1'), join(folder, 'warehouse'), { recursive: true })
  await writeFile(join(folder, 'bin/rsync'), `#!/bin/sh\n${rsync}\n`, { mode: 0o755 })
  await writeFile(join(folder, 'bin/sleep'), '#!/bin/sh\n', { mode: 0o755 })
  const PATH = [join(folder, 'bin'), process.env.PATH].join(delimiter)
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: folder, env: { PATH }, encoding: 'utf8' })
  return { code: status, said: stderr, copied: await readdir(join(folder, 'backup')) }
}

const COPY = 'cp -R warehouse/. backup'
const NOT_WHOLE = /^no whole copy: /m

test('nothing happens meanwhile: one copy', async () => {
  const { code, said, copied } = await backUp(`test -z "$(ls backup)" && ${COPY}`)
  expect({ code, said }).toEqual({ code: 0, said: '' })
  expect(copied).toContain('etl.json')
})

test.each([
  ['it cannot copy', 'echo no space left >&2; exit 11', /no space left/],
  ['it copies half, and says so', `${COPY}; exit 23`, NOT_WHOLE],
  ['a run commits during each copy', `${COPY}; echo more >> warehouse/etl.json`, NOT_WHOLE],
  ['there is no warehouse', 'mv warehouse away', /etl\.json/],
  [
    'a publication is in progress',
    `sed -i 's/"publishing": null/"publishing": {}/' warehouse/etl.json; ${COPY}`,
    NOT_WHOLE,
  ],
])('%s: no success', async (_, rsync, message) => {
  const { code, said } = await backUp(rsync)
  expect(code).toBe(1)
  expect(said).toMatch(message)
  expect(said).toMatch(NOT_WHOLE)
})

test('a run commits during the first copy: the second is the one', async () => {
  const { code } = await backUp(`${COPY}; test -e first || { touch first; echo more >> warehouse/etl.json; }`)
  expect(code).toBe(0)
})

test('the rule is about what etl.json says', async () => {
  expect(await readFile(join(ROOT, 'packages/maintenance/fixtures/version-1/etl.json'), 'utf8')).toContain(
    '"publishing": null',
  )
})
