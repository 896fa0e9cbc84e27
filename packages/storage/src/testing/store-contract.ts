import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDwhError, type ObjectInfo, type ObjectStore, wrapStore } from '@dwh/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ClassStore } from './class-store.ts'

/** An empty store for one test. */
export interface ContractStore {
  readonly store: ObjectStore
  /** A second, independent store over the same objects, as another process would open it. */
  reopen(): ObjectStore
  dispose?(): Promise<void>
}

/** Large enough for several parts, chunks and buffers in any store. */
const LARGE_BYTES = 9 * 1024 * 1024 + 17
const RACERS = 50
const RACES = 6

const text = (value: string) => new TextEncoder().encode(value)
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex')

/** Reads the text of an object. */
async function content(store: ObjectStore, key: string): Promise<string | null> {
  const object = await store.get(key)
  return object && new TextDecoder().decode(object.body)
}

function failsWith(code: string) {
  return expect.toSatisfy((error) => isDwhError(error) && error.code === code, `a DwhError ${code}`)
}

/**
 * Defines the tests for the contract of `ObjectStore`: call it once for a new kind of store. Each test gets a fresh,
 * empty store.
 *
 * @example
 * storeContract('local folder', async () => {
 *   const path = await temporaryFolder()
 *   return { store: localStore({ path }), reopen: () => localStore({ path }) }
 * })
 */
export function storeContract(name: string, makeStore: () => Promise<ContractStore>): void {
  async function open(): Promise<ContractStore> {
    const made = await makeStore()
    onTestFinished(async () => made.dispose?.())
    return made
  }

  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'store-contract-'))
    onTestFinished(() => rm(path, { recursive: true, force: true }))
    return path
  }

  async function file(body: Uint8Array): Promise<string> {
    const path = join(await folder(), 'file')
    await writeFile(path, body)
    return path
  }

  async function list(store: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
    const all: ObjectInfo[] = []
    for await (const info of store.list(prefix)) all.push(info)
    return all
  }

  const bodies: [string, Uint8Array][] = [
    ['nothing', new Uint8Array()],
    ['one byte', Uint8Array.of(0)],
    ['every byte', Uint8Array.from({ length: 256 }, (_, i) => i)],
    ['many', randomBytes(LARGE_BYTES)],
  ]
  const names = [
    'plain',
    'a/b/c.parquet',
    '%5Fdwh/2026/02/18.parquet',
    'billing.in-voices_2~0123/2026/02/18.parquet',
    '_dwh/stage/20260218T030012Z-7f3a/customers/2026/02/18.parquet',
    `${'%C3%BC'.repeat(33)}/x`,
    '-/.../~',
  ]

  describe(`${name}: the contract of ObjectStore`, () => {
    test.each(bodies)('a body of %s: written and read, from memory and from a file', async (_, body) => {
      const { store, reopen } = await open()
      const put = await store.put('by/memory', body)
      expect(put).toMatchObject({ key: 'by/memory', size: body.length })
      const path = await file(body)
      const putFile = await store.putFile('by/file', path)
      expect(putFile).toMatchObject({ key: 'by/file', size: body.length, sha256: sha256(body) })
      expect(sha256(await readFile(path))).toBe(sha256(body))
      for (const seen of [store, reopen()]) {
        for (const info of [put, putFile]) {
          const object = await seen.get(info.key)
          expect(object && sha256(object.body)).toBe(sha256(body))
          expect(object?.etag).toBe(info.etag)
          expect(await seen.head(info.key)).toMatchObject({ key: info.key, size: body.length, etag: info.etag })
          const to = join(await folder(), 'out')
          expect(await seen.getFile(info.key, to)).toMatchObject({
            size: body.length,
            etag: info.etag,
            sha256: sha256(body),
          })
          expect(sha256(await readFile(to))).toBe(sha256(body))
        }
      }
    })

    test.each(names)('the key %s', async (key) => {
      const { store, reopen } = await open()
      await store.put(key, text('first'))
      await store.put(key, text('second'))
      expect(await content(reopen(), key)).toBe('second')
      expect((await list(store, '')).map((info) => info.key)).toEqual([key])
      expect(await store.copy(key, 'copied/there')).toMatchObject({ key: 'copied/there', size: 6 })
      await store.delete(key)
      expect(await reopen().get(key)).toBeNull()
      expect(await content(store, 'copied/there')).toBe('second')
    })

    test.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      '../a',
      'a b',
      'ü',
      'a\\b',
      'a\0',
      'a*',
      `${'x'.repeat(256)}`,
    ])('the invalid key %j: refused by every method', async (key) => {
      const { store } = await open()
      const path = await file(text('x'))
      await expect(store.get(key)).rejects.toThrowError(failsWith('STORE_FAILED'))
      await expect(store.head(key)).rejects.toThrowError(failsWith('STORE_FAILED'))
      await expect(store.put(key, text('x'))).rejects.toThrowError(failsWith('STORE_FAILED'))
      await expect(store.put(key, text('x'), { ifAbsent: true })).rejects.toThrowError(failsWith('STORE_FAILED'))
      await expect(store.putFile(key, path)).rejects.toThrowError(failsWith('STORE_FAILED'))
      await expect(store.getFile(key, `${path}.out`)).rejects.toThrowError(failsWith('STORE_FAILED'))
      await expect(store.delete(key)).rejects.toThrowError(failsWith('STORE_FAILED'))
      await store.put('there', text('x'))
      await expect(store.copy(key, 'there')).rejects.toThrowError(failsWith('STORE_FAILED'))
      await expect(store.copy('there', key)).rejects.toThrowError(failsWith('STORE_FAILED'))
      expect((await list(store, '')).map((info) => info.key)).toEqual(['there'])
    })

    test('an absent object: null, and deleting it is no error', async () => {
      const { store } = await open()
      const to = join(await folder(), 'out')
      expect(await store.get('no/such')).toBeNull()
      expect(await store.head('no/such')).toBeNull()
      expect(await store.getFile('no/such', to)).toBeNull()
      expect(await store.copy('no/such', 'elsewhere')).toBeNull()
      await store.delete('no/such')
      expect(await list(store, '')).toEqual([])
      await store.put('no/such', text('x'))
      await store.delete('no/such')
      await store.delete('no/such')
      expect(await store.get('no/such')).toBeNull()
      expect(await store.getFile('no/such', to)).toBeNull()
      expect(await readdir(join(to, '..'))).toEqual([])
    })

    test('an ETag: changes whenever the bytes change', async () => {
      const { store } = await open()
      const etags = new Set<string>()
      for (let i = 0; i < 100; i += 1) etags.add((await store.put('k', text(`value ${i % 10}${i}`.padEnd(12)))).etag)
      expect(etags.size).toBe(100)
    })

    test('list: in the byte order of the keys, by prefix, all of them', async () => {
      const { store, reopen } = await open()
      const keys = [
        'a',
        'a-b',
        'a.b/c',
        'a0',
        'ab/1',
        'ab/10',
        'ab/2',
        'ab/2-1',
        'ab-/x',
        'b/~',
        'b/%41',
        'B/x',
        '_dwh/runs/r1.json',
        '-x',
      ]
      for (const key of keys) await store.put(key, text(key))
      await store.put('ab/cond', text('x'), { ifAbsent: true })
      const all = [...keys, 'ab/cond'].sort()
      expect((await list(reopen(), '')).map((info) => info.key)).toEqual(all)
      for (const prefix of ['a', 'ab', 'ab/', 'ab/1', 'ab/c', 'b/', '_dwh/', 'zz', 'ab/2-1', 'ab/2-1x']) {
        expect((await list(store, prefix)).map((info) => info.key)).toEqual(all.filter((key) => key.startsWith(prefix)))
      }
      const [first] = await list(store, 'ab/10')
      const head = await store.head('ab/10')
      // a list may lack the hash
      expect(first).toEqual({ ...head, sha256: first?.sha256 ? head?.sha256 : null })
    })

    test('list: more than one page', async () => {
      const { store } = await open()
      const keys = Array.from({ length: 1203 }, (_, i) => `many/${String(i * 7919).padStart(8, '0')}`)
      await inParallel(keys, (key) => store.put(key, new Uint8Array()))
      expect((await list(store, 'many/')).map((info) => info.key)).toEqual(keys)
      let seen = 0
      for await (const _ of store.list('many/')) {
        seen += 1
        if (seen === 5) break
      }
      expect(seen).toBe(5)
    })

    test.each([
      ['itself', (store: ObjectStore) => store],
      ['an instance of a class', (store: ObjectStore) => new ClassStore(store)],
    ])('wrapped, as %s: every method behaves as unwrapped', async (_, as) => {
      const { store } = await open()
      const wrapped = wrapStore(as(store), {})
      expect(wrapped.url).toBe(store.url)
      const put = await wrapped.put('k', text('1'), { ifAbsent: true })
      await expect(wrapped.put('k', text('2'), { ifAbsent: true })).rejects.toThrowError(failsWith('CONFLICT'))
      expect(await content(wrapped, 'k')).toBe('1')
      expect(await wrapped.head('k')).toEqual(await store.head('k'))
      expect(put.etag).toBe((await store.head('k'))?.etag)
      await wrapped.putFile('from', await file(text('file')))
      const to = join(await folder(), 'out')
      expect(await wrapped.getFile('from', to)).toMatchObject({ size: 4, sha256: sha256(text('file')) })
      expect(await wrapped.copy('from', 'copy')).toMatchObject({ size: 4 })
      expect(await wrapped.copy('from', 'to', async () => true)).toMatchObject({ size: 4 })
      expect(await wrapped.copy('from', 'to', async () => false)).toBeNull()
      await wrapped.delete('from')
      await wrapped.delete('copy')
      expect((await list(wrapped, '')).map(({ key }) => key)).toEqual(['k', 'to'])
      expect(await wrapped.conditionalWrites?.()).toBe(await store.conditionalWrites?.())
    })

    describe('conditional writes', () => {
      test('conditionalWrites: returns true, because a store without it is assumed to ignore conditions', async () => {
        const { store } = await open()
        expect(await store.conditionalWrites?.()).toBe(true)
      })

      test('ifAbsent: the first one only; ifMatch: only on the named version', async () => {
        const { store, reopen } = await open()
        const first = await store.put('k', text('1'), { ifAbsent: true })
        await expect(store.put('k', text('x'), { ifAbsent: true })).rejects.toThrowError(failsWith('CONFLICT'))
        const second = await reopen().put('k', text('2'), { ifMatch: first.etag })
        await expect(store.put('k', text('x'), { ifMatch: first.etag })).rejects.toThrowError(failsWith('CONFLICT'))
        expect(await content(store, 'k')).toBe('2')
        expect((await store.get('k'))?.etag).toBe(second.etag)
        expect(await store.head('k')).toMatchObject({ etag: second.etag, size: 1 })
        await expect(store.put('other', text('x'), { ifMatch: second.etag })).rejects.toThrowError(
          failsWith('CONFLICT'),
        )
        expect(await store.get('other')).toBeNull()
      })

      test('on an object that was written without a condition, or from a file: applied', async () => {
        const { store, reopen } = await open()
        const plain = await store.put('k', text('1'))
        await expect(store.put('k', text('x'), { ifAbsent: true })).rejects.toThrowError(failsWith('CONFLICT'))
        await store.put('k', text('2'), { ifMatch: plain.etag })
        expect(await content(reopen(), 'k')).toBe('2')
        const fromFile = await store.putFile('f', await file(text('1')))
        await store.put('f', text('2'), { ifMatch: fromFile.etag })
        expect(await content(reopen(), 'f')).toBe('2')
      })

      test('after an unconditional write, a delete and a new object: applied', async () => {
        const { store, reopen } = await open()
        const first = await store.put('k', text('1'), { ifAbsent: true })
        const other = await reopen().put('k', text('2'))
        expect(await content(store, 'k')).toBe('2')
        await expect(store.put('k', text('x'), { ifMatch: first.etag })).rejects.toThrowError(failsWith('CONFLICT'))
        await reopen().delete('k')
        expect(await store.get('k')).toBeNull()
        expect(await store.head('k')).toBeNull()
        expect(await list(store, '')).toEqual([])
        await expect(store.put('k', text('x'), { ifMatch: other.etag })).rejects.toThrowError(failsWith('CONFLICT'))
        await store.put('k', text('3'), { ifAbsent: true })
        expect(await content(reopen(), 'k')).toBe('3')
        expect((await list(store, '')).map((info) => info.key)).toEqual(['k'])
      })

      test('an empty body: a value like any other', async () => {
        const { store } = await open()
        const { etag } = await store.put('k', new Uint8Array(), { ifAbsent: true })
        expect(await content(store, 'k')).toBe('')
        expect((await store.get('k'))?.etag).toBe(etag)
        await expect(store.put('k', text('x'), { ifAbsent: true })).rejects.toThrowError(failsWith('CONFLICT'))
        await store.put('k', text('1'), { ifMatch: etag })
        expect(await content(store, 'k')).toBe('1')
      })

      test('a copy: like any other object', async () => {
        const { store } = await open()
        await store.put('k', text('1'), { ifAbsent: true })
        expect(await store.copy('k', 'copy')).toMatchObject({ key: 'copy', size: 1 })
        await store.put('plain', text('2'))
        expect(await store.copy('plain', 'k')).toMatchObject({ key: 'k', size: 1 })
        expect(await content(store, 'k')).toBe('2')
        expect(await content(store, 'copy')).toBe('1')
      })

      test(`${RACERS} at once, with one condition: one succeeds, all others get a conflict`, async () => {
        const { store, reopen } = await open()
        let condition: { ifAbsent: true } | { ifMatch: string } = { ifAbsent: true }
        for (let race = 0; race < RACES; race += 1) {
          const racers = Array.from({ length: RACERS }, (_, i) => (i % 2 ? reopen() : store))
          const results = await Promise.allSettled(
            racers.map((racer, i) => racer.put('k', text(`${race} ${i}`), condition)),
          )
          const winners = results.flatMap((result, i) =>
            result.status === 'fulfilled' ? [{ i, info: result.value }] : [],
          )
          expect(winners).toHaveLength(1)
          const losers = results.filter((result) => result.status === 'rejected')
          for (const loser of losers) expect(loser.reason).toMatchObject({ code: 'CONFLICT' })
          const [winner] = winners as [{ i: number; info: ObjectInfo }]
          expect(await content(reopen(), 'k')).toBe(`${race} ${winner.i}`)
          expect((await store.get('k'))?.etag).toBe(winner.info.etag)
          condition = { ifMatch: winner.info.etag }
        }
      })

      test('a counter that many writers increment: exact', async () => {
        const { store, reopen } = await open()
        await store.put('n', text('0'), { ifAbsent: true })
        const count = async (counter: ObjectStore) => {
          for (let done = 0; done < 10; ) {
            const now = await counter.get('n')
            if (!now) throw new Error('the counter is gone')
            const next = text(String(Number(new TextDecoder().decode(now.body)) + 1))
            await counter.put('n', next, { ifMatch: now.etag }).then(
              () => {
                done += 1
              },
              (error) => {
                if (!isDwhError(error, 'CONFLICT')) throw error
              },
            )
          }
        }
        await Promise.all(Array.from({ length: 8 }, () => count(reopen())))
        expect(await content(store, 'n')).toBe('80')
      })
    })

    describe('files', () => {
      test('a file that is moved in: stored, and gone from its place', async () => {
        const { store } = await open()
        const path = await file(text('x'))
        expect(await store.putFile('k', path, { move: true })).toMatchObject({ size: 1, sha256: sha256(text('x')) })
        expect(await readdir(join(path, '..'))).toEqual([])
        expect(await content(store, 'k')).toBe('x')
      })

      test('a hash from the caller: trusted', async () => {
        const { store } = await open()
        const info = await store.putFile('k', await file(text('x')), { move: true, sha256: sha256(text('x')) })
        expect(info.sha256).toBe(sha256(text('x')))
      })

      test('a missing file: an error, and nothing is written', async () => {
        const { store } = await open()
        const path = join(await folder(), 'missing')
        await expect(store.putFile('k', path)).rejects.toThrowError(failsWith('STORE_FAILED'))
        await expect(store.putFile('k', path, { move: true })).rejects.toThrowError(failsWith('STORE_FAILED'))
        expect(await list(store, '')).toEqual([])
      })

      test('stopped before the start and midway: nothing is left, locally or in the store', async () => {
        const { store } = await open()
        const path = await file(randomBytes(LARGE_BYTES))
        for (const move of [false, true]) {
          await expect(store.putFile('k', path, { move, signal: AbortSignal.abort() })).rejects.toThrowError(
            failsWith('ABORTED'),
          )
        }
        const controller = new AbortController()
        const putting = store.putFile('k', path, { signal: controller.signal })
        setImmediate(() => controller.abort())
        await expect(putting).rejects.toThrowError(failsWith('ABORTED'))
        expect(await list(store, '')).toEqual([])
        await store.putFile('k', path)
        const to = join(await folder(), 'out')
        await expect(store.getFile('k', to, { signal: AbortSignal.abort() })).rejects.toThrowError(failsWith('ABORTED'))
        expect(await readdir(join(to, '..'))).toEqual([])
      })

      test('an aborted read: ABORTED', async () => {
        const { store } = await open()
        await store.put('k', text('x'))
        const signal = AbortSignal.abort()
        await expect(store.get('k', { signal })).rejects.toThrowError(failsWith('ABORTED'))
        await expect(store.head('k', { signal })).rejects.toThrowError(failsWith('ABORTED'))
        await expect(store.list('', { signal })[Symbol.asyncIterator]().next()).rejects.toThrowError(
          failsWith('ABORTED'),
        )
      })

      test('a download over an existing file: replaces it whole', async () => {
        const { store } = await open()
        await store.put('k', text('new'))
        const to = await file(text('something older and longer'))
        await store.getFile('k', to)
        expect(await readFile(to)).toEqual(Buffer.from('new'))
      })
    })

    test('a copy over an object that is being read: old bytes or new ones, never a mixture', async () => {
      const { store, reopen } = await open()
      const sizes = [3_000_000, 1_000_000]
      await inParallel([0, 1], (i) => store.put(`from/${i}`, new Uint8Array(sizes[i] as number).fill(65 + i)))
      await store.copy('from/0', 'k')
      let copying = true
      const copier = (async () => {
        for (let i = 1; i <= 40; i += 1) await store.copy(`from/${i % 2}`, 'k')
        copying = false
      })()
      const reader = reopen()
      while (copying) {
        const object = await reader.get('k')
        const first = object?.body[0] as number
        expect(object?.body.length).toBe(sizes[first - 65])
        expect(object?.body.every((byte) => byte === first)).toBe(true)
      }
      await copier
    })

    test('a copy that is repeated, and a copy onto itself: no change', async () => {
      const { store } = await open()
      await store.put('a', text('x'))
      await store.copy('a', 'b')
      await store.copy('a', 'b')
      await store.copy('b', 'a')
      await store.copy('a', 'a')
      expect((await list(store, '')).map((info) => info.key)).toEqual(['a', 'b'])
      await store.put('a', text('y'))
      expect(await content(store, 'b')).toBe('x')
    })

    test('a copy that may not be wanted any more: asked once all is prepared; otherwise nothing is copied', async () => {
      const { store, reopen } = await open()
      await store.putFile('from', await file(bodies[3]?.[1] as Uint8Array))
      const { size } = (await store.head('from')) as ObjectInfo
      let asked = 0
      const isWanted = async () => {
        asked += 1
        return true
      }
      expect(await store.copy('from', 'deep/to', isWanted)).toMatchObject({ key: 'deep/to', size })
      await store.put('next', text('new'))
      expect(await store.copy('next', 'deep/to', async () => false)).toBeNull()
      expect(await store.head('deep/to')).toMatchObject({ size })
      expect(await store.copy('next', 'deep/to', isWanted)).toMatchObject({ key: 'deep/to', size: 3 })
      expect(asked).toBe(2)
      expect(await store.copy('no/such', 'deep/to', isWanted)).toBeNull()
      expect(await content(reopen(), 'deep/to')).toBe('new')
      expect((await list(store, '')).map((info) => info.key)).toEqual(['deep/to', 'from', 'next'])
    })

    test('a late copy: another was made while it was asked; overwrites nothing', async () => {
      const { store, reopen } = await open()
      await store.put('old', text('old'))
      await store.put('new', text('new'))
      for (const before of ['before', null]) {
        await store.delete('to')
        if (before) await store.put('to', text(before))
        const late = store.copy('old', 'to', async () => (await reopen().copy('new', 'to', async () => true)) !== null)
        expect(await late).toBeNull()
        expect(await content(reopen(), 'to')).toBe('new')
      }
    })

    test('a late copy to a key that was deleted meanwhile: does not bring it back', async () => {
      const { store, reopen } = await open()
      await store.put('old', text('old'))
      await store.put('to', text('before'))
      const late = store.copy('old', 'to', async () => {
        await reopen().delete('to')
        return true
      })
      expect(await late).toBeNull()
      expect(await store.head('to')).toBeNull()
    })

    test('concurrent writes and deletes in one folder: no errors', async () => {
      const { store } = await open()
      const work = async (i: number) => {
        for (let round = 0; round < 15; round += 1) {
          await store.put(`shared/deep/${i}`, text('x'))
          await store.delete(`shared/deep/${i}`)
        }
        await store.put(`shared/deep/${i}`, text(String(i)))
      }
      await Promise.all([0, 1, 2, 3].map(work))
      expect((await list(store, 'shared/')).map((info) => info.key)).toEqual(
        [0, 1, 2, 3].map((i) => `shared/deep/${i}`),
      )
    })
  })
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values()
  const worker = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}
