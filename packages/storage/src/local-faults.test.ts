import { execFile } from 'node:child_process'
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { childProgram, startChild, temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addGeneration, generationsFolder, readGeneration } from './generations.ts'
import { localStore } from './index.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const text = (value: string) => Buffer.from(value)

describe('processes', () => {
  test('killed at any moment: the value is whole, no count is lost, and the next writer goes on', async () => {
    const path = await temporaryFolder()
    const program = await childProgram(new URL('./counter.child.ts', import.meta.url))
    const store = localStore({ path })
    let known = 0
    for (let kill = 0; kill < 15; kill += 1) {
      const child = startChild(program, [path, '1000000'])
      await expect.poll(() => child.output(), { interval: 5 }).toContain('\n')
      await new Promise((resolve) => setTimeout(resolve, (kill * 7) % 20))
      child.process.kill('SIGKILL')
      expect(await child.ended).toBe('SIGKILL')
      const said = Number(child.output().trim().split('\n').at(-1))
      const value = Number(Buffer.from((await store.get('n'))?.body ?? []))
      expect(said).toBeGreaterThan(known)
      // the last count may have been written but not printed
      expect([said, said + 1]).toContain(value)
      known = value
      expect(await readFile(join(path, 'n'), 'utf8')).toBe(String(value))
    }
  })

  test('four processes that count at once: no count is lost', async () => {
    const path = await temporaryFolder()
    const program = await childProgram(new URL('./counter.child.ts', import.meta.url))
    const children = Array.from({ length: 4 }, () => startChild(program, [path, '50']))
    for (const child of children) expect(await child.ended, child.output()).toBe(0)
    expect(Buffer.from((await localStore({ path }).get('n'))?.body ?? []).toString()).toBe('200')
    const all = children.flatMap((child) => child.output().trim().split('\n').map(Number))
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
  })
})

describe('generations', () => {
  test('a writer that slept between comparing and linking: always loses', async () => {
    const path = await temporaryFolder()
    const store = localStore({ path })
    await store.put('k', text('1'), { ifAbsent: true })
    const folder = generationsFolder(path, 'k')
    const seen = await readGeneration(folder)
    await store.put('k', text('2'))
    await store.delete('k')
    await store.put('k', text('1'), { ifAbsent: true })
    await store.delete('k')
    for (const after of [0, seen?.number ?? 0, 2, 3, 4]) {
      expect(await addGeneration(folder, after, text('late'), join(path, `late${after}`))).toBe(false)
    }
    expect(await store.get('k')).toBeNull()
    expect(await readdir(path)).toEqual(['_dwh'])
  })

  test('superseded generations: empty, but not removed; the current one is not empty', async () => {
    const path = await temporaryFolder()
    const store = localStore({ path })
    for (let i = 0; i < 20; i += 1) await store.put('a/k', text(String(i)), ...(i ? [] : [{ ifAbsent: true as const }]))
    const folder = generationsFolder(path, 'a/k')
    const names = (await readdir(folder)).sort()
    expect(names).toHaveLength(20)
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
    expect(sizes).toEqual([...Array(19).fill(0), 3])
  })

  test('readers that list before a generation is emptied and open it after: never see an empty value', async () => {
    const path = await temporaryFolder()
    const [writer, reader] = [localStore({ path }), localStore({ path })]
    await writer.put('k', text('value 0'), { ifAbsent: true })
    let writing = true
    const work = (async () => {
      for (let i = 1; i <= 150; i += 1) await writer.put('k', text(`value ${i}`))
      writing = false
    })()
    let last = 0
    while (writing) {
      const value = Buffer.from((await reader.get('k'))?.body ?? []).toString()
      expect(value).toMatch(/^value \d+$/)
      const n = Number(value.slice(6))
      expect(n).toBeGreaterThanOrEqual(last)
      last = n
    }
    await work
  })

  test('a plain file that is outdated, missing or foreign: ignored and corrected', async () => {
    const path = await temporaryFolder()
    const store = localStore({ path })
    await store.put('etl.json', text('current'), { ifAbsent: true })
    for (const wrong of ['older', '', 'garbage']) {
      await writeFile(join(path, 'etl.json'), wrong)
      expect((await store.get('etl.json'))?.body.toString()).toBe('current')
      expect(await readFile(join(path, 'etl.json'), 'utf8')).toBe('current')
    }
    await rm(join(path, 'etl.json'))
    expect(await store.head('etl.json')).toMatchObject({ size: 7 })
    expect(await readFile(join(path, 'etl.json'), 'utf8')).toBe('current')
    await store.delete('etl.json')
    await writeFile(join(path, 'etl.json'), 'from the dead')
    expect(await store.get('etl.json')).toBeNull()
    expect(await readdir(path)).toEqual(['_dwh'])
  })

  test('emptying a generation: does not change the plain file', async () => {
    const path = await temporaryFolder()
    const store = localStore({ path })
    await store.put('k', text('1'), { ifAbsent: true })
    await link(join(path, 'k'), join(path, 'pinned-by-a-reader'))
    await store.put('k', text('2'))
    expect(await readFile(join(path, 'pinned-by-a-reader'), 'utf8')).toBe('1')
  })

  test('restored without its generations: the plain file is the value, and conditions start from it', async () => {
    const path = await temporaryFolder()
    const store = localStore({ path })
    const { etag } = await store.put('etl.json', text('1'), { ifAbsent: true })
    await rm(join(path, '_dwh'), { recursive: true })
    const restored = await store.get('etl.json')
    expect(restored?.body.toString()).toBe('1')
    await expect(store.put('etl.json', text('x'), { ifMatch: etag })).rejects.toMatchObject({ code: 'CONFLICT' })
    await store.put('etl.json', text('2'), { ifMatch: restored?.etag ?? '' })
    expect((await store.get('etl.json'))?.body.toString()).toBe('2')
  })
})

describe('folders and file systems', () => {
  test('a read-only warehouse: read completely, and writes fail with STORE_DENIED', async () => {
    const path = await mkdtemp('/tmp/dwh-test-readonly-')
    onTestFinished(() => rm(path, { recursive: true, force: true }))
    const store = localStore({ path })
    await store.put('plain', text('1'))
    await store.put('etl.json', text('2'), { ifAbsent: true })
    await writeFile(join(path, 'etl.json'), 'behind')
    const program = await childProgram(new URL('./reader.child.ts', import.meta.url))
    const own = join(path, 'program.mjs')
    await writeFile(own, await readFile(program))
    for (const folder of ['.', '_dwh', '_dwh/incoming', '_dwh/generations', '_dwh/generations/etl.json'])
      await chmod(join(path, folder), 0o555)
    onTestFinished(async () => {
      for (const folder of ['.', '_dwh', '_dwh/incoming']) await chmod(join(path, folder), 0o755)
    })
    const child = startChild(own, [path], isRoot ? { uid: 65534 } : {})
    expect(await child.ended, child.output()).toBe(0)
    expect(JSON.parse(child.output())).toEqual({
      seen: { plain: '1', 'etl.json': '2', 'program.mjs': expect.any(String) },
      refused: [
        'put: STORE_DENIED',
        'conditional put: CONFLICT',
        'conditional put: STORE_DENIED',
        'delete: STORE_DENIED',
      ],
    })
  })

  test.skipIf(!isRoot)(
    'a full disk: an error that says so, and no incomplete file [needs root, to mount a small disk]',
    async () => {
      const path = await temporaryFolder()
      await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path])
      onTestFinished(async () => {
        await run('umount', [path])
      })
      const store = localStore({ path })
      await store.put('small', text('x'))
      const { etag } = await store.put('etl.json', text('1'), { ifAbsent: true })
      const large = Buffer.alloc(2 * 1024 * 1024)
      const file = join(await temporaryFolder(), 'large')
      await writeFile(file, large)
      const full = { code: 'STORE_FULL', hint: expect.stringContaining('No space left') }
      await expect(store.put('small', large)).rejects.toMatchObject(full)
      await expect(store.put('etl.json', large, { ifMatch: etag })).rejects.toMatchObject(full)
      await expect(store.putFile('large', file)).rejects.toMatchObject(full)
      await expect(store.putFile('large', file, { move: true })).rejects.toMatchObject(full)
      expect((await stat(file)).size).toBe(large.length)
      expect((await store.get('small'))?.body.toString()).toBe('x')
      expect((await store.get('etl.json'))?.body.toString()).toBe('1')
      expect(await store.head('large')).toBeNull()
      expect(await readdir(join(path, '_dwh/incoming'))).toEqual([])
      await store.put('etl.json', text('2'), { ifMatch: etag })
    },
  )

  test('a file from another file system: copied, then removed', async () => {
    const other = await mkdtemp('/dev/shm/dwh-test-')
    onTestFinished(() => rm(other, { recursive: true, force: true }))
    const path = await temporaryFolder()
    const file = join(other, 'x')
    await writeFile(file, 'far')
    expect((await stat(other)).dev).not.toBe((await stat(path)).dev)
    await localStore({ path }).putFile('k', file, { move: true })
    expect(await readFile(join(path, 'k'), 'utf8')).toBe('far')
    expect(await readdir(other)).toEqual([])
  })

  test('a file or folder in the way: an error that names it, with a hint', async () => {
    const path = await temporaryFolder()
    await writeFile(join(path, 'a-file'), '')
    await mkdir(join(path, 'a-folder', 'in'), { recursive: true })
    const store = localStore({ path })
    await expect(store.put('a-file/x', text('x'))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('a-file'),
    })
    await expect(store.put('a-folder', text('x'))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('a-folder'),
    })
    expect(await store.get('a-folder')).toBeNull()
    expect(await store.get('a-file/x')).toBeNull()
    await expect(localStore({ path: join(path, 'a-file') }).put('x', text('x'))).rejects.toMatchObject({
      code: 'STORE_FAILED',
    })
  })

  test('incoming files of a dead process: ignored and removed', async () => {
    const path = await temporaryFolder()
    const store = localStore({ path })
    await store.put('k', text('1'))
    await writeFile(join(path, '_dwh/incoming/orphan'), 'half')
    const keys: string[] = []
    for await (const { key } of store.list('')) keys.push(key)
    expect(keys).toEqual(['k'])
  })
})
