import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectInfo } from '@dwh/core'
import { type S3ServerOptions, startS3Server } from '@dwh/s3-server'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type S3StoreOptions, s3Store } from './index.ts'

const MIB = 1024 * 1024
const text = (value: string) => new TextEncoder().encode(value)

async function setUp(more: Partial<S3StoreOptions> = {}, serverOptions: S3ServerOptions = {}) {
  const server = await startS3Server({ buckets: ['bucket'], ...serverOptions })
  onTestFinished(() => server.close())
  const { accessKeyId, secretAccessKey } = server.credential
  const open = (prefix = '') =>
    s3Store({ bucket: 'bucket', prefix, endpoint: server.url, credentials: { accessKeyId, secretAccessKey }, ...more })
  return { server, store: open(), open }
}

const isCopyOfBytes = ({ operation }: { operation: string }) => ['CopyObject', 'UploadPartCopy'].includes(operation)
const isCopy = ({ operation }: { operation: string }) => operation === 'CopyObject'

describe.each([
  ['in one request', {}, 1024],
  ['in parts', { copyPartBytes: 5 * MIB }, 11 * MIB],
] as const)('a copy %s', (_, options, bytes) => {
  async function staged() {
    const { server, store } = await setUp(options)
    const path = join(await temporaryFolder(), 'file')
    await writeFile(path, randomBytes(bytes))
    await store.putFile('stage/a', path)
    return { server, store, path }
  }

  test('a move: only if the target is unchanged', async () => {
    const { store } = await staged()
    const conflict = { code: 'CONFLICT' }
    await store.put('a', text('1'))
    const seen = (await store.head('a')) as ObjectInfo
    await expect(store.move('stage/a', 'a', null)).rejects.toMatchObject(conflict)
    await store.put('a', text('2'))
    await expect(store.move('stage/a', 'a', seen)).rejects.toMatchObject(conflict)
    expect((await store.get('a'))?.body.toString()).toBe('2')
    // a missing target is a conflict, a missing source is not
    await store.delete('a')
    await expect(store.move('stage/a', 'a', seen)).rejects.toMatchObject(conflict)
    expect(await store.move('stage/a', 'a', null)).toMatchObject({ size: bytes })
    expect(await store.move('no/such', 'a', await store.head('a'))).toBeNull()
  })

  test('a source that was replaced since it was seen: not copied', async () => {
    const { server, store, path } = await staged()
    await store.put('a', text('before'))
    const seen = await store.head('a')
    const replace = async () => {
      await store.put('stage/a', text('another'))
    }
    for (const copy of [() => store.copy('stage/a', 'a'), () => store.move('stage/a', 'a', seen)]) {
      const rule = server.script({ when: isCopyOfBytes, times: 1, do: { at: 'arrival', waitFor: replace } })
      await expect(copy()).rejects.toMatchObject({ code: 'CONFLICT' })
      expect((await store.get('a'))?.body.toString()).toBe('before')
      rule.remove()
      await store.putFile('stage/a', path)
    }
    expect(server.uploads('bucket')).toEqual([])
  })
})

describe('a server without conditions on the target of a copy', () => {
  test.each([
    ['says so', { respond: { status: 501, code: 'NotImplemented' } }],
    ['applies them to the source', { respond: { status: 412, code: 'PreconditionFailed' } }],
  ] as const)('it %s: the copy is made without conditions', async (_, fault) => {
    const { server, store } = await setUp()
    await store.put('from', text('x'))
    await store.put('to', text('y'))
    server.script({ when: isCopy, times: 1, do: fault })
    expect(await store.move('from', 'to', await store.head('to'))).toMatchObject({ size: 1 })
    expect((await store.get('to'))?.body.toString()).toBe('x')
  })
})

test('a lost answer: the second copy is refused, and nothing is lost', async () => {
  const { server, store } = await setUp()
  await store.put('from', text('x'))
  server.script({ when: isCopy, times: 1, do: 'drop-after' })
  await expect(store.move('from', 'to', null)).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await store.move('from', 'to', await store.head('to'))).toMatchObject({ size: 1 })
})

describe('unfinished uploads', () => {
  test('are removed, all of them, and only those of this store', async () => {
    const { server, store, open } = await setUp({ partBytes: 5 * MIB, attempts: 1 })
    const path = join(await temporaryFolder(), 'file')
    await writeFile(path, randomBytes(11 * MIB))
    const broken = ({ operation }: { operation: string }) => ['UploadPart', 'AbortMultipartUpload'].includes(operation)
    const rule = server.script({ when: broken, do: { respond: { status: 500, code: 'InternalError' } } })
    for (const prefix of ['mine', 'other'])
      await expect(open(prefix).putFile('_dwh/stage/r1/a', path)).rejects.toThrowError()
    expect(server.uploads('bucket')).toHaveLength(2)
    rule.remove()
    await expect.poll(() => open('mine').removeUnfinished?.(new Date())).toBe(1)
    expect(await open('mine').removeUnfinished?.(new Date())).toBe(0)
    expect(server.uploads('bucket').map(({ key }) => key)).toEqual(['other/_dwh/stage/r1/a'])
    // a warehouse at the root of a bucket does not own the uploads of other warehouses in it
    expect(await store.removeUnfinished?.(new Date())).toBe(0)
  })
})
