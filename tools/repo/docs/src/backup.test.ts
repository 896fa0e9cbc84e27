import { spawnSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { ROOT, readPage } from './pages.ts'

/*
 * Runs the script of docs/backup.md in a shell, with a test program instead of rsync. A test in packages/maintenance
 * checks that copies which are made like this are consistent.
 */

const script = readPage('docs/backup.md').blocks.find(({ text }) => text.startsWith('#!/bin/sh'))?.text ?? ''

interface BackUp {
  readonly code: number | null
  readonly said: string
  /** What is in the copy. */
  readonly copied: readonly string[]
  /** `etl.json` of the copy, and of the warehouse before; null if there is none. */
  readonly etl: string | null
  readonly before: string
  /** The arguments of each call of rsync. */
  readonly calls: readonly string[]
}

/** Runs the script with `rsync`, a shell script, as the program rsync, and with a folder beside the warehouse. */
async function backUp(rsync: string): Promise<BackUp> {
  const folder = await temporaryFolder()
  for (const name of ['bin', 'backup']) await mkdir(join(folder, name))
  await cp(join(ROOT, 'packages/maintenance/fixtures/version-1'), join(folder, 'warehouse'), { recursive: true })
  const before = await readFile(join(folder, 'warehouse/etl.json'), 'utf8')
  await writeFile(join(folder, 'bin/rsync'), `#!/bin/sh\necho "$@" >> calls\n${rsync}\n`, { mode: 0o755 })
  const PATH = [join(folder, 'bin'), process.env.PATH].join(delimiter)
  const here = script.replace('to=/mnt/backup', 'to=backup')
  expect(here).not.toContain('/mnt/')
  const { status, stderr } = spawnSync('sh', ['-c', here], { cwd: folder, env: { PATH }, encoding: 'utf8' })
  const read = (path: string) => readFile(join(folder, path), 'utf8').catch(() => null)
  return {
    code: status,
    said: stderr,
    copied: await readdir(join(folder, 'backup')),
    etl: await read('backup/etl.json'),
    before,
    calls: ((await read('calls')) ?? '').split('\n').slice(0, -1),
  }
}

const COPY = '(cd warehouse && tar cf - --exclude=./etl.json .) | tar xf - -C backup'

test('a backup: everything is copied, then etl.json, and then what is not needed any more is removed', async () => {
  const { code, said, copied, etl, before, calls } = await backUp(`test -e backup/etl.json; echo $? >> calls\n${COPY}`)
  expect({ code, said }).toEqual({ code: 0, said: '' })
  expect(copied).toContain('_dwh')
  expect(etl).toBe(before)
  const [first, wasAbsent, second, wasThere] = calls
  expect([wasAbsent, wasThere]).toEqual(['1', '0'])
  for (const call of [first, second]) expect(call).toMatch(/--exclude=\/etl\.json .*warehouse\/ backup\/$/)
  expect([first?.includes('--delete'), second?.includes('--delete-after')]).toEqual([false, true])
})

test('a run commits during the copy: the copy has the etl.json of before', async () => {
  const { code, etl, before } = await backUp(`echo more >> warehouse/etl.json; ${COPY}`)
  expect(code).toBe(0)
  expect(etl).toBe(before)
})

test('the copy fails, or is incomplete: an error, and no etl.json', async () => {
  for (const rsync of ['echo no space left >&2; exit 11', `${COPY}; exit 23`]) {
    const { code, etl, calls } = await backUp(rsync)
    expect(code).not.toBe(0)
    expect(etl).toBeNull()
    expect(calls).toHaveLength(1)
  }
})

test('there is no etl.json to copy: an error, and nothing is copied', async () => {
  const folder = await temporaryFolder()
  const { status, stderr } = spawnSync('sh', ['-c', script.replace('to=/mnt/backup', 'to=backup')], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(status).not.toBe(0)
  expect(stderr).toContain('etl.json')
  expect(await readdir(folder)).toEqual([])
})
