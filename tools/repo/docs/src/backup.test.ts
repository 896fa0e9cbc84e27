import { spawnSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { ROOT, readPage } from './pages.ts'

/*
 * Runs the script of docs/backup.md in a shell, with test programs instead of rsync. A test in packages/maintenance
 * checks that the copies which the script accepts are consistent.
 */

const script = readPage('docs/backup.md').blocks.find(({ text }) => text.startsWith('#!/bin/sh'))?.text ?? ''

/** Runs the script with `rsync`, a shell script, as the program rsync, and without waiting. */
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

test('no run during the copy: one copy', async () => {
  const { code, said, copied } = await backUp(`test -z "$(ls backup)" && ${COPY}`)
  expect({ code, said }).toEqual({ code: 0, said: '' })
  expect(copied).toContain('etl.json')
})

test.each([
  ['the copy fails', 'echo no space left >&2; exit 11', /no space left/],
  ['the copy is incomplete, with an error', `${COPY}; exit 23`, NOT_WHOLE],
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

test('a run commits during the first copy: the second copy succeeds', async () => {
  const { code } = await backUp(`${COPY}; test -e first || { touch first; echo more >> warehouse/etl.json; }`)
  expect(code).toBe(0)
})

test('the field that the script looks for is in etl.json', async () => {
  expect(await readFile(join(ROOT, 'packages/maintenance/fixtures/version-1/etl.json'), 'utf8')).toContain(
    '"publishing": null',
  )
})
