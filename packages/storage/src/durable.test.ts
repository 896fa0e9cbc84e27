import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectStore } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, onTestFinished, test, vi } from 'vitest'
import { localStore } from './index.ts'

/*
 * Which files survive a power cut depends on earlier syncs, which a test cannot see in a file. So these tests record
 * the calls to the file system and their order.
 */

const asked = vi.hoisted(() => [] as string[])

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>()
  const named =
    (what: string, work: (from: string, to: string) => Promise<void>) => async (from: string, to: string) => {
      await work(from, to)
      asked.push(`${what} ${from} > ${to}`)
    }
  return {
    ...fs,
    async open(path: string, ...rest: never[]) {
      const handle = await fs.open(path, ...rest)
      const sync = handle.sync.bind(handle)
      handle.sync = async () => {
        await sync()
        asked.push(`sync ${path}`)
      }
      return handle
    },
    rename: named('rename', fs.rename as never),
    link: named('link', fs.link as never),
  }
})

const text = (value: string) => Buffer.from(value)

/**
 * Runs `work` on a store in an existing folder, and returns its calls to the file system. Paths are relative to the
 * root, `.` is the root, `in` is an incoming file.
 */
async function open() {
  const root = join(await temporaryFolder(), 'root')
  await mkdir(root)
  const store = localStore({ path: root })
  await store.put('first', text('1'))
  const steps = async (work: (store: ObjectStore) => Promise<unknown>): Promise<string[]> => {
    asked.length = 0
    await work(store)
    return asked.map((step) =>
      step
        .replaceAll(/\S*\/_dwh\/incoming\/\S+/g, 'in')
        .replaceAll(`${root}/`, '')
        .replaceAll(root, '.')
        .replaceAll(dirname(root), '..'),
    )
  }
  return { root, store, steps }
}

async function file(folder: string): Promise<string> {
  const path = join(folder, 'file')
  await writeFile(path, 'x')
  return path
}

test('a write: the bytes are synced before the rename, the folder after it, and new folders in their parents', async () => {
  const { steps } = await open()
  expect(await steps((store) => store.put('k', text('1')))).toEqual(['sync in', 'rename in > k', 'sync .'])
  expect(await steps((store) => store.put('a/b/k', text('1')))).toEqual([
    'sync in',
    'sync a',
    'sync .',
    'rename in > a/b/k',
    'sync a/b',
  ])
})

test('the first write of a warehouse: the name of the folder itself is synced', async () => {
  const parent = await temporaryFolder()
  asked.length = 0
  await localStore({ path: join(parent, 'new/root') }).put('k', text('1'))
  const made = asked.slice(
    0,
    asked.findIndex((step) => step.startsWith('rename')),
  )
  expect(made).toEqual(expect.arrayContaining([`sync ${parent}`, `sync ${parent}/new`]))
})

test('a file that is copied or moved in: synced before the rename', async () => {
  const { steps } = await open()
  const path = await file(await temporaryFolder())
  expect(await steps((store) => store.putFile('k', path))).toEqual(['sync in', 'rename in > k', 'sync .'])
  expect(await steps((store) => store.putFile('k', path, { move: true }))).toEqual([
    `sync ${path}`,
    `rename ${path} > in`,
    'rename in > k',
    'sync .',
  ])
})

test('a file from another file system: its copy is synced before the rename', async () => {
  const { steps } = await open()
  const other = await mkdtemp('/dev/shm/dwh-test-')
  onTestFinished(() => rm(other, { recursive: true, force: true }))
  const path = await file(other)
  const done = await steps((store) => store.putFile('k', path, { move: true }))
  expect(done.slice(-3)).toEqual(['sync in', 'rename in > k', 'sync .'])
})

test('a copy: the target folder is synced', async () => {
  const { steps } = await open()
  expect(await steps((store) => store.copy('first', 'copy'))).toEqual(['link first > in', 'rename in > copy', 'sync .'])
  await steps((store) => store.put('deep/k', text('1')))
  expect(await steps((store) => store.copy('copy', 'deep/to', async () => true))).toEqual([
    'link copy > in',
    'rename in > deep/to',
    'sync deep',
  ])
})

test('a conditional write: the bytes are synced before the link, the folder before the write returns', async () => {
  const { steps } = await open()
  const folder = '_dwh/generations/k'
  await steps((store) => store.put('k', text('1'), { ifAbsent: true }))
  const done = await steps(async (store) => {
    const { etag } = (await store.get('k')) ?? { etag: '' }
    await store.put('k', text('2'), { ifMatch: etag })
  })
  const number = done.findIndex((step) => step.startsWith('link in >'))
  expect(done.slice(number - 1, number + 2)).toEqual(['sync in', `link in > ${folder}/000000000002`, `sync ${folder}`])
})
