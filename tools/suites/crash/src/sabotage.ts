import { checkInvariants, inShort, readEtlText } from '@dwh/harness'
import type { SourceChange } from '@dwh/test-kit'
import { buildChild } from './build-child.ts'
import { checkReaders } from './check-readers.ts'
import { dayOf, type Lab, openLab, type RunKind } from './lab.ts'
import { pointNamed } from './points.ts'
import { startChild } from './start-child.ts'
import { raceWriters } from './two-writers.ts'

export interface Sabotage {
  readonly name: string
  readonly patches: readonly SourceChange[]
  /**
   * The point at which the flawed run is killed; null: it and the next run end normally, and objects are removed then
   * and after the retention time. Races choose their own points.
   */
  readonly killed: string | null | 'race'
  /** Default: the same day again. */
  readonly kind?: RunKind
}

const METADATA = 'packages/metadata/src'
const PUBLISH = `${METADATA}/publish-run.ts`
const LISTS = '  const lists = await putLists(store, base.state, options)\n'
const COMMIT = '  const state = await commit(store, base, options, lists)\n'
const CLEAN = `${METADATA}/clean.ts`
const FENCE =
  '    const raised = await raise(store, base, { copies_pending: pending, retired: unexpired })\n    const problem = await forEach(left, (key) => store.delete(key)).then(() => undefined, ifDenied)\n'
const REFRESH = `${METADATA}/refresh-copies.ts`

/** A commit whose objects with this prefix are put only afterwards. */
const putLate = (prefix: string): SourceChange => ({
  file: PUBLISH,
  find: LISTS + COMMIT,
  replace: `
  const late: (() => Promise<unknown>)[] = []
  const later: ObjectStore = {
    ...store,
    put: (key, body, condition) => {
      if (!key.startsWith('${prefix}')) return store.put(key, body, condition)
      late.push(() => store.put(key, body, condition))
      return Promise.resolve({ key, size: body.length, etag: '', sha256: null })
    },
  }
  const lists = await putLists(later, base.state, options)
${COMMIT}
  for (const put of late) await put()
`,
})

/** Flaws planted in the protocol: the checker must see each. */
export const SABOTAGES: readonly Sabotage[] = [
  { name: 'committed before the list is put', patches: [putLate('_dwh/days/')], killed: 'after the commit' },
  { name: 'committed before the index is put', patches: [putLate('_dwh/index/')], killed: 'after the commit' },
  {
    name: 'committed before the parts are put',
    patches: [
      {
        file: PUBLISH,
        find: COMMIT,
        replace: `  for (const key of keysOf(options.tables)) await store.delete(key)\n${COMMIT}`,
      },
    ],
    killed: 'after the commit',
  },
  {
    name: 'plain copies are made before the commit',
    patches: [
      {
        file: PUBLISH,
        find: COMMIT,
        replace: `  for (const key of keysOf(options.tables)) await store.copy(key, key.replace('_dwh/parts/', '').replace(/-[^-]*-[^-]*$/, '.parquet'))\n${COMMIT}`,
      },
    ],
    killed: 'before the commit',
    kind: 'first',
  },
  {
    name: 'the commit has no condition',
    patches: [
      {
        file: `${METADATA}/write-state.ts`,
        find: 'serialise(state), condition)',
        replace: 'serialise(state), condition && undefined)',
      },
    ],
    killed: 'race',
  },
  {
    name: 'the collector does not raise the fencing token',
    patches: [{ file: CLEAN, find: 'base.state.fencing_token + 1', replace: 'base.state.fencing_token' }],
    killed: 'race',
  },
  {
    name: 'the collector removes objects before it raises the token',
    patches: [{ file: CLEAN, find: FENCE, replace: `${FENCE.split('\n').slice(0, 2).reverse().join('\n')}\n` }],
    killed: 'race',
  },
  {
    name: 'a copy that another process has overtaken is placed',
    patches: [
      {
        file: 'packages/storage/src/copy-plain.ts',
        find: '  await removeCopies(root, key)\n  return',
        replace: '  return',
      },
    ],
    killed: 'race',
  },
  {
    name: 'the key of a part is used again',
    patches: [
      {
        file: 'packages/core/src/lake.ts',
        find: 'partKey(table: TableName, day: Day, runId: string): string {\n',
        replace: 'partKey(table: TableName, day: Day, runId: string): string {\n  runId = runId.slice(0, 8)\n',
      },
    ],
    killed: null,
  },
  {
    name: 'the retention time starts at the commit',
    patches: [
      {
        file: PUBLISH,
        find: '{ run_id: runId, until: null, days: pending,',
        replace:
          '{ run_id: runId, until: new Date(publication.now.getTime() + 86_400_000).toISOString(), days: pending,',
      },
    ],
    killed: 'after the commit',
  },
  {
    name: 'replaced objects are not retained',
    patches: [{ file: PUBLISH, find: '.filter((key) => !named.has(key))', replace: '.filter(() => false)' }],
    killed: null,
  },
  {
    name: 'retained objects are removed too early',
    patches: [{ file: CLEAN, find: 'for (const key of keys) named.add(key)', replace: 'void keys' }],
    killed: null,
  },
  {
    name: 'expired objects are removed, whoever names them',
    patches: [{ file: CLEAN, find: '!named.has(key) && isInternal(key)', replace: 'isInternal(key)' }],
    killed: 'before opening the snapshot',
  },
  {
    name: 'orphans are not removed',
    patches: [
      { file: CLEAN, find: 'await forEach(left, (key) => store.delete(key))', replace: 'await Promise.resolve()' },
    ],
    killed: null,
  },
  {
    name: 'plain copies are not made',
    patches: [
      { file: REFRESH, find: 'if (!copy.named && !(await makeCopy(store, base, copy))) made = false', replace: '' },
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

async function tryOut({ killed, kind = 're-run' }: Sabotage, lab: Lab, program: string): Promise<string[]> {
  if (killed === 'race') return (await raceWriters(program, RACES)).flatMap(({ problems }) => problems)
  const warehouse = await lab.warehouse('local', kind)
  const { place, temp, env, objects } = warehouse
  try {
    const spec = { do: 'run', place, databaseUrl: lab.database.url, temp, ...dayOf(kind) } as const
    const earlier = await readEtlText(objects)
    const next = await lab.nextValue()
    if (killed === null) {
      const clean = (laterMs: number) => ({ do: 'clean', place, laterMs }) as const
      const problems: string[] = []
      for (const done of [spec, spec, clean(0), clean(LATER_MS)]) {
        const ended = await startChild(program, done, env).ended
        if (ended.code !== 0) return [...problems, inShort(ended)]
        const isLater = done.do === 'clean' && done.laterMs > 0
        const options = isLater ? { quiet: true } : { earlier }
        problems.push(...(await checkInvariants(objects, { clean: { temp }, ...options })))
      }
      return problems
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

/** Each way once. */
const RACES = 6

/** More than replaced objects are retained. */
const LATER_MS = 2 * 24 * 60 * 60 * 1000
