import { manifestKey, stageKey, wrapStore } from '@dwh/core'
import { localStore } from '@dwh/storage'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { EMPTY_STATE, readState } from './index.ts'
import { rollForward } from './roll-forward.ts'
import { writeState } from './write-state.ts'

test('a publication: the manifest of the day is moved last, and no staged file is deleted before', async () => {
  const store = localStore({ path: await temporaryFolder() })
  const manifest = manifestKey('2026-02-18')
  const keys = ['a/2026/02/18.parquet', 'b/2026/02/18.parquet', 'c/2026/02/18.parquet', manifest]
  for (const key of keys) await store.put(stageKey('r1', key), Buffer.from(key))
  const publishing = { run_id: 'r1', date: '2026-02-18', keys }
  await writeState(store, await readState(store), { ...EMPTY_STATE, run_id: 'r1', publishing })
  const done: string[] = []
  const watched = wrapStore(store, {
    async move(from, to, seen) {
      const moved = await store.move(from, to, seen)
      done.push(to)
      return moved
    },
    async delete(key) {
      done.push('delete')
      await store.delete(key)
    },
  })
  await rollForward(watched, publishing)
  expect(done.slice(0, 3).sort()).toEqual(keys.slice(0, 3))
  expect(done.slice(3)).toEqual([manifest, ...keys.map(() => 'delete')])
  expect((await readState(store)).state.publishing).toBeNull()
})
