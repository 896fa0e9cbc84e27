import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test, vi } from 'vitest'
import { addGeneration, generationsFolder, readGeneration } from './generations.ts'

/** Called once, after the reader has found the highest number and before it reads that file. */
const meanwhile = vi.hoisted(() => ({ once: null as (() => Promise<unknown>) | null }))

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
