import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test, vi } from 'vitest'
import { addGeneration, generationsFolder, readGeneration } from './generations.ts'

/** Called once, after the reader has found the highest number and before it reads that file. */
const meanwhile = vi.hoisted(() => ({
  once: null as (() => Promise<unknown>) | null,
  /** Called after a file was linked, before its writer looks at the folder. */
  onceLinked: null as (() => Promise<unknown>) | null,
}))

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>()
  return {
    ...fs,
    async readFile(...args: Parameters<typeof fs.readFile>) {
      const work = meanwhile.once
      meanwhile.once = null
      await work?.()
      return fs.readFile(...args)
    },
    async link(...args: Parameters<typeof fs.link>) {
      await fs.link(...args)
      const work = meanwhile.onceLinked
      meanwhile.onceLinked = null
      await work?.()
    },
  }
})

test('a generation that is superseded between finding and reading it: the next one is read', async () => {
  const root = await temporaryFolder()
  const folder = generationsFolder(root, 'k')
  await addGeneration(folder, 0, Buffer.from('old'), join(root, 'in1'))
  meanwhile.once = () => addGeneration(folder, 1, Buffer.from('new'), join(root, 'in2'))
  const found = await readGeneration(folder)
  expect(found).toMatchObject({ number: 2, lost: false })
  expect(Buffer.from(found?.body ?? []).toString()).toBe('new')
})

/** Adds generations up to this number, of which only a few stay. */
async function addUpTo(last: number): Promise<{ root: string; folder: string }> {
  const root = await temporaryFolder()
  const folder = generationsFolder(root, 'k')
  for (let number = 1; number <= last; number += 1)
    expect(await addGeneration(folder, number - 1, Buffer.from(`v${number}`), join(root, 'in'), KEPT)).toBe(true)
  return { root, folder }
}

const KEPT = 16

test('many generations: old numbers are removed, and the value stays', async () => {
  const { folder } = await addUpTo(600)
  const names = await readdir(folder)
  expect(names.length).toBeLessThan(KEPT + 256 + 2)
  expect(names.filter((name) => name.startsWith('below-'))).toHaveLength(1)
  const found = await readGeneration(folder)
  expect(found).toMatchObject({ number: 600, lost: false })
  expect(Buffer.from(found?.body ?? []).toString()).toBe('v600')
})

test('a writer that slept until its number was removed: told that it lost, and nothing of it stays', async () => {
  const { root, folder } = await addUpTo(600)
  const before = await readdir(folder)
  for (const after of [0, 1, 17, 250]) {
    expect(await addGeneration(folder, after, Buffer.from('late'), join(root, 'late'), KEPT)).toBe(false)
    expect(await readdir(folder)).toEqual(before)
  }
  // one that is still there
  expect(await addGeneration(folder, 590, Buffer.from('late'), join(root, 'late'), KEPT)).toBe(false)
  expect(Buffer.from((await readGeneration(folder))?.body ?? []).toString()).toBe('v600')
})

test('a writer that slept after it had its number, until that was removed: uncertain', async () => {
  const { root, folder } = await addUpTo(600)
  for (const asOthersLeftIt of [(path: string) => rm(path), (path: string) => writeFile(path, '')]) {
    // the next look at the folder comes after the link
    meanwhile.onceLinked = () => asOthersLeftIt(join(folder, '000000000003'))
    const late = addGeneration(folder, 2, Buffer.from('late'), join(root, 'late'), KEPT)
    await expect(late).rejects.toMatchObject({ code: 'STORE_FAILED', context: { uncertain: true } })
    await rm(join(folder, '000000000003'), { force: true })
  }
})

test('killed while old numbers are removed: the next writer goes on', async () => {
  const { root, folder } = await addUpTo(600)
  // the mark is there, its numbers are too
  for (const number of [300, 301]) await writeFile(join(folder, String(number).padStart(12, '0')), '')
  expect(await addGeneration(folder, 600, Buffer.from('v601'), join(root, 'in'), KEPT)).toBe(true)
  expect(await readGeneration(folder)).toMatchObject({ number: 601 })
  expect(await addGeneration(folder, 299, Buffer.from('late'), join(root, 'late'), KEPT)).toBe(false)
})
