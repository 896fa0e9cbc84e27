import { mkdir, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { processName, temporaryName } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { makeFolder, removeOrphans } from './temporary-folders.ts'

test('orphaned folders: removed, others stay', async () => {
  const temp = await temporaryFolder()
  const gone = temporaryName().replace(/-\d+-/, '-4194305-')
  const elsewhere = temporaryName().replace(processName().slice(0, 8), '00000000')
  const theirs = ['dwh-run-logs', 'dwh-read-only-backup', 'dwh-write-up', `mine-${gone}`, `dwh-run-${elsewhere}`]
  for (const name of [`dwh-run-${gone}`, `dwh-write-${gone}`, `dwh-read-${gone}`, ...theirs])
    await mkdir(join(temp, name))
  const own = await makeFolder(temp)
  const now = new Date()
  for (const name of theirs.slice(0, -1)) await utimes(join(temp, name), 0, 0)
  expect(await removeOrphans(temp, now)).toBe(3)
  expect((await readdir(temp)).map((name) => join(temp, name)).sort()).toEqual(
    [...theirs.map((name) => join(temp, name)), own].sort(),
  )
  // of another machine, unchanged for a day
  await utimes(join(temp, `dwh-run-${elsewhere}`), 0, 0)
  expect(await removeOrphans(temp, now)).toBe(1)
  expect(await removeOrphans(join(temp, 'none'), now)).toBe(0)
})
