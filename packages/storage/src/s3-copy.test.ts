import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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

  test('only if the target stays the same while it is asked whether the copy is wanted', async () => {
    const { store } = await staged()
    await store.put('a', text('1'))
    const during = (change: () => Promise<unknown>) => async () => {
      await change()
      return true
    }
    expect(
      await store.copy(
        'stage/a',
        'a',
        during(() => store.put('a', text('2'))),
      ),
    ).toBeNull()
    expect((await store.get('a'))?.body.toString()).toBe('2')
    expect(
      await store.copy(
        'stage/a',
        'a',
        during(() => store.delete('a')),
      ),
    ).toBeNull()
    expect(
      await store.copy(
        'stage/a',
        'a',
        during(() => store.put('a', text('3'))),
      ),
    ).toBeNull()
    expect((await store.get('a'))?.body.toString()).toBe('3')
    expect(
      await store.copy(
        'stage/a',
        'a',
        during(async () => {}),
      ),
    ).toMatchObject({ size: bytes })
    expect(
      await store.copy(
        'no/such',
        'a',
        during(async () => {}),
      ),
    ).toBeNull()
  })

  test('a source that was replaced since it was seen: not copied', async () => {
    const { server, store, path } = await staged()
    await store.put('a', text('before'))
    const replace = async () => {
      await store.put('stage/a', text('another'))
    }
    for (const copy of [() => store.copy('stage/a', 'a'), () => store.copy('stage/a', 'a', async () => true)]) {
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
    expect(await store.copy('from', 'to', async () => true)).toMatchObject({ size: 1 })
    expect((await store.get('to'))?.body.toString()).toBe('x')
  })
})

test('a lost answer: the second copy is refused, and nothing is lost', async () => {
  const { server, store } = await setUp()
  await store.put('from', text('x'))
  server.script({ when: isCopy, times: 1, do: 'drop-after' })
  expect(await store.copy('from', 'to', async () => true)).toBeNull()
  expect(await store.copy('from', 'to', async () => true)).toMatchObject({ size: 1 })
})

describe('unfinished uploads', () => {
  test('are removed, all of them, and only those of this store', async () => {
    const { server, store, open } = await setUp({ partBytes: 5 * MIB, attempts: 1 })
    const path = join(await temporaryFolder(), 'file')
    await writeFile(path, randomBytes(11 * MIB))
    const broken = ({ operation }: { operation: string }) => ['UploadPart', 'AbortMultipartUpload'].includes(operation)
    const rule = server.script({ when: broken, do: { respond: { status: 500, code: 'InternalError' } } })
    for (const prefix of ['mine', 'other'])
      await expect(open(prefix).putFile('_dwh/parts/a', path)).rejects.toThrowError()
    expect(server.uploads('bucket')).toHaveLength(2)
    rule.remove()
    await expect.poll(() => open('mine').removeUnfinished?.(new Date())).toBe(1)
    expect(await open('mine').removeUnfinished?.(new Date())).toBe(0)
    expect(server.uploads('bucket').map(({ key }) => key)).toEqual(['other/_dwh/parts/a'])
    // a warehouse at the root of a bucket does not own the uploads of other warehouses in it
    expect(await store.removeUnfinished?.(new Date())).toBe(0)
  })
})
