import { checkInvariants, inShort, readEtlText } from '@dwh/harness'
import { buildChild, type Patch } from './build-child.ts'
import { checkReaders } from './check-readers.ts'
import { type Lab, openLab } from './lab.ts'
import { pointNamed } from './points.ts'
import { startChild } from './start-child.ts'
import { raceWriters } from './two-writers.ts'

export interface Sabotage {
  readonly name: string
  readonly patches: readonly Patch[]
  /**
   * The point at which the flawed run is killed; null: it and the next run end normally. Races choose their own points.
   */
  readonly killed: string | null | 'race'
}

const PUBLISH = 'packages/metadata/src/publish-run.ts'
const ROLL = 'packages/metadata/src/roll-forward.ts'
const STAGE_MANIFEST = '  await store.put(stageKey(publication.runId, key), serialise(manifest))\n'
const RETAIN = '  const retained = await retainReplaced(store, base.state, publication)\n'
const COMMIT = '  const state = await commit(store, base, publication, retained)\n'
const PROMOTE = '  await forEach(keys.slice(0, -1), promote)\n'
const UNSTAGE = '  await forEach(keys, (key) => store.delete(stageKey(run_id, key)))\n'

/** Flaws planted in the protocol: the checker must see each. */
export const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'committed before the manifest is staged',
    patches: [{ file: PUBLISH, find: STAGE_MANIFEST + RETAIN + COMMIT, replace: RETAIN + COMMIT + STAGE_MANIFEST }],
    killed: 'after the commit',
  },
  {
    name: 'committed before the files are staged',
    patches: [
      {
        file: PUBLISH,
        find: COMMIT,
        replace: `  for (const { key } of filesOf(publication.tables)) await store.delete(stageKey(publication.runId, key))\n${COMMIT}`,
      },
    ],
    killed: 'after the commit',
  },
  {
    name: 'promoted before the commit',
    patches: [
      {
        file: PUBLISH,
        find: COMMIT,
        replace: `  for (const { key } of filesOf(publication.tables)) await store.move(stageKey(publication.runId, key), key, await store.head(key))\n${COMMIT}`,
      },
    ],
    killed: 'before the commit',
  },
  {
    name: 'the commit has no condition',
    patches: [
      {
        file: 'packages/metadata/src/write-state.ts',
        find: 'serialise(state), condition)',
        replace: 'serialise(state), condition && undefined)',
      },
    ],
    killed: 'race',
  },
  {
    name: 'the stage is removed before the files are promoted',
    patches: [{ file: ROLL, find: PROMOTE, replace: UNSTAGE + PROMOTE }],
    killed: 'before promoting the first file',
  },
  {
    name: 'replaced files are not retained',
    patches: [
      {
        file: PUBLISH,
        find: 'if (await store.copy(file.key, file.retained_as)) retained.push(file)',
        replace: 'retained.push(file)',
      },
    ],
    killed: null,
  },
  {
    name: 'retained files are removed too early',
    patches: [
      {
        file: 'packages/metadata/src/clean.ts',
        find: 'const named = new Set(retained.map((file) => file.retained_as))',
        replace: 'const named = new Set<string>()',
      },
    ],
    killed: null,
  },
  {
    name: 'the publication is cleared before the files are promoted',
    patches: [
      {
        file: ROLL,
        find: PROMOTE,
        replace: `  const early = await readState(store)\n  if (early.state.publishing) await writeState(store, early, { ...early.state, publishing: null })\n${PROMOTE}`,
      },
    ],
    killed: 'after clearing the publication',
  },
  {
    name: 'orphans are not removed',
    patches: [
      {
        file: 'packages/metadata/src/clean.ts',
        find: 'await forEach(left, (key) => store.delete(key))',
        replace: '',
      },
    ],
    killed: null,
  },
]

export interface SabotageResult {
  readonly name: string
  /** The problems found; empty if the checker did not see the flaw. */
  readonly found: readonly string[]
}

/** Plants one flaw at a time in the real packages and returns what the checks found. */
export async function sabotages(postgresUrl: string, wanted: readonly Sabotage[]): Promise<SabotageResult[]> {
  const lab = await openLab(postgresUrl)
  const results: SabotageResult[] = []
  try {
    for (const sabotage of wanted) {
      const program = await buildChild(sabotage.patches)
      try {
        results.push({ name: sabotage.name, found: await tryOut(sabotage, lab, program.path) })
      } finally {
        await program.remove()
      }
    }
    return results
  } finally {
    await lab.close()
  }
}

async function tryOut({ killed }: Sabotage, lab: Lab, program: string): Promise<string[]> {
  if (killed === 'race') return (await raceWriters(program, RACES)).flatMap(({ problems }) => problems)
  const warehouse = await lab.warehouse('local', 're-run')
  const { place, temp, env, objects } = warehouse
  try {
    const spec = { do: 'run', place, databaseUrl: lab.database.url, temp } as const
    const earlier = await readEtlText(objects)
    const next = await lab.nextValue()
    if (killed === null) {
      for (let run = 0; run < 2; run += 1) {
        const ended = await startChild(program, spec, env).ended
        if (ended.code !== 0) return [inShort(ended)]
      }
      return await checkInvariants(objects, { clean: { temp }, earlier })
    }
    const point = pointNamed(killed)
    const at = { when: point.when, what: point.what, nth: point.nth, signal: 'SIGKILL' } as const
    const ended = await startChild(program, { ...spec, at }, env).ended
    if (ended.signal !== 'SIGKILL') throw new Error(`expected a kill ${killed}: ${inShort(ended)}`)
    const sees = point.sees === 'old' ? warehouse.value : next
    return [...(await checkInvariants(objects, { earlier })), ...(await checkReaders(warehouse, sees))]
  } finally {
    await warehouse.remove()
  }
}

const RACES = 4
