import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  applyChanges,
  createDatabase,
  type SourceChange,
  startTestServer,
  suiteCount,
  suiteReplay,
  withClient,
} from '@dwh/test-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildCode, type Code, FLAWS, NEXT_RELEASE } from './build-code.ts'
import * as code from './code.ts'
import { followDetection } from './follow-detection.ts'
import { followRuns } from './follow-runs.ts'
import { type Follower, type Ground, simulate } from './simulate.ts'

const HISTORIES = suiteCount('detection')
const FIRST_SEED = suiteReplay().seed ?? 1
/** Each flaw is found in the first of these. */
const HISTORIES_OF_A_FLAW = 60
/** A smoke seeks one of the flaws. */
const SOUGHT = Object.entries(FLAWS).filter((_, at) => HISTORIES >= 100 || at < 1)
const TIMEOUT_MS = 4 * 60 * 60 * 1000

let folder: string
let server: Awaited<ReturnType<typeof startTestServer>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dwh-detection-'))
  await chmod(folder, 0o755)
  server = await startTestServer({ folder })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Where histories of this code happen: each in a database of its own, which is dropped at the end. */
async function groundOf(
  tested: Code,
  changes: readonly SourceChange[],
  follow: (code: Code, next: Code) => Follower | Promise<Follower>,
): Promise<Ground & { clear(): Promise<void> }> {
  const names: string[] = []
  const next = await buildCode([...changes, NEXT_RELEASE])
  return {
    follow: async () => follow(tested, next),
    async database() {
      const { name, url } = await createDatabase(server.url())
      names.push(name)
      return url
    },
    async restart(url) {
      await server.stop()
      server = await startTestServer({ folder })
      return server.url(new URL(url).pathname.slice(1))
    },
    async clear() {
      for (const name of names.splice(0))
        await withClient(server.url(), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    },
  }
}

/** Returns the first violation, and what was said of tables whose rows were the same. */
async function search(
  ground: Ground & { clear(): Promise<void> },
  histories: number,
): Promise<{ violation: string | null; same: Map<string, number> }> {
  const same = new Map<string, number>()
  for (let seed = FIRST_SEED; seed < FIRST_SEED + histories; seed += 1) {
    const simulated = await simulate(ground, seed)
    await ground.clear()
    if (simulated.violation !== null) {
      const replay = `again: pnpm suite detection --seed ${seed} --count 1`
      return { violation: `${simulated.violation} (${replay})\n  ${simulated.trace.join('\n  ')}`, same }
    }
    for (const [said, count] of simulated.same) same.set(said, (same.get(said) ?? 0) + count)
  }
  return { violation: null, same }
}

test(`random histories: ${HISTORIES}, each day that a run published equals a full read`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const { violation, same } = await search(await groundOf(code, [], followRuns), HISTORIES)
  expect(violation).toBeNull()
  const total = [...same.values()].reduce((sum, count) => sum + count, 0)
  const share = (same.get('unchanged') ?? 0) / total
  console.log(`of ${total} tables whose rows were the same, ${Math.round(share * 100)} % were not read again:`, same)
  // a run that always reads fails
  expect(share).toBeGreaterThan(0.7)
})

test.each(SOUGHT)('random histories: the flaw "%s", found', { timeout: 600_000 }, async (_, changes) => {
  const { violation } = await search(
    await groundOf(await buildCode(changes), changes, followDetection),
    HISTORIES_OF_A_FLAW,
  )
  console.log(violation?.split('\n')[0])
  expect(violation).toMatch(/unchanged, but its rows differ/)
})

test('a flaw whose text is not in the code: error', async () => {
  const file = new URL('../../../../packages/extract-postgres/src/detect/count-rows.ts', import.meta.url)
  const text = await readFile(file, 'utf8')
  const change = { file: 'count-rows.ts', find: 'no such line', replace: '' }
  expect(() => applyChanges('count-rows.ts', text, [change])).toThrow('contains this text 0 times')
})
