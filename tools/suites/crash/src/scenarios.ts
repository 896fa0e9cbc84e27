import { randomInt } from 'node:crypto'
import { spread } from '@dwh/test-kit'
import { cellsOf, KINDS, killMatrix, STORES } from './kill-matrix.ts'
import { type PausedTrial, pausedHolders } from './paused-holder.ts'
import { POINTS } from './points.ts'
import { randomKills, type Trial } from './random-kills.ts'
import { type ReadersResult, readersWhileRunning } from './readers.ts'
import { matrixTable, problemLines, table, tally, trialsTable } from './report.ts'
import { SABOTAGES, sabotages } from './sabotage.ts'
import { raceCommands, raceWriters } from './two-writers.ts'

export interface ScenarioOptions {
  readonly postgresUrl: string
  readonly program: string
  readonly seed?: number | undefined
  readonly count: number
  readonly from?: number | undefined
  /** Receives progress lines while the scenario runs. */
  readonly note: (line: string) => void
}

export interface Outcome {
  readonly text: string
  /** Number of cells or trials with problems. */
  readonly broken: number
}

const MOST_SEED = 1_000_000

export type ScenarioName = 'points' | 'random' | 'readers' | 'writers' | 'paused' | 'sabotage'

export const SCENARIOS: Readonly<Record<ScenarioName, (options: ScenarioOptions) => Promise<Outcome>>> = {
  async points({ count, ...options }) {
    const results = await killMatrix({ ...options, cells: spread(cellsOf(POINTS, STORES, KINDS), count) })
    const problems = problemLines(results, (index) => {
      const { point, store, kind } = results[index] as (typeof results)[number]
      return `${store} ${kind}, ${point.name}`
    })
    return { text: `${results.length} cells\n${matrixTable(results)}${problems}`, broken: brokenOf(results) }
  },

  async random({ seed = randomInt(MOST_SEED), count, from = 0, postgresUrl, note }) {
    note(`seed ${seed}, ${count} kills`)
    const onResult = (trial: Trial) => {
      if (trial.problems.length > 0) note(`trial ${trial.number}: ${trial.problems.join('; ')}`)
    }
    const trials = await randomKills({ postgresUrl, seed, count, from, onResult })
    const problems = problemLines(trials, (index) => {
      const { number, store, kind, afterMs } = trials[index] as (typeof trials)[number]
      return `${store} ${kind}, after ${afterMs} ms (again: pnpm suite crash-random --seed ${seed} --from ${number} --count 1)`
    })
    return { text: `seed ${seed}\n${trialsTable(trials)}${problems}`, broken: brokenOf(trials) }
  },

  async readers({ count, postgresUrl, program }) {
    const results: ReadersResult[] = []
    for (const [store, runs] of [
      ['local', count],
      ['s3', Math.ceil(count / 5)],
    ] as const)
      results.push(await readersWhileRunning({ postgresUrl, program, store, runs }))
    const rows = results.map((r) => [r.store, r.runs, r.readers, r.answers, r.states, r.problems.length].map(String))
    const head = ['store', 'runs', 'readers', 'answers', 'states seen', 'errors or mixed']
    const problems = problemLines(results, (index) => results[index]?.store ?? '')
    return { text: `${table([head, ...rows])}${problems}`, broken: brokenOf(results) }
  },

  async writers({ count, postgresUrl, program }) {
    const results = [
      ...(await raceWriters(program, count)),
      ...(await raceCommands(postgresUrl, program, Math.ceil(count / 12))),
    ]
    const problems = problemLines(results, (index) => results[index]?.how ?? '')
    return { text: `${tally('race', results, ({ how }) => how)}${problems}`, broken: brokenOf(results) }
  },

  async paused({ count, postgresUrl, program }) {
    const results = await pausedHolders({ postgresUrl, program, count })
    const nameOf = ({ store, kind, point, takenOver }: PausedTrial) =>
      `${store} ${kind}, asleep ${point.name}, ${takenOver ? 'taken over' : 'nobody came'}`
    const problems = problemLines(results, (index) => nameOf(results[index] as PausedTrial))
    const counts = tally(
      'asleep past its lease',
      results,
      ({ store, takenOver, woken }) => `${store}, ${takenOver ? 'taken over' : 'nobody came'}: ${woken}`,
    )
    return { text: `${counts}${problems}`, broken: brokenOf(results) }
  },

  async sabotage({ count, postgresUrl }) {
    const results = await sabotages(postgresUrl, spread(SABOTAGES, count))
    const rows = results.map(({ name, found }) => [
      name,
      found.length > 0 ? `seen: ${found[0]?.slice(0, 90)}` : 'UNSEEN',
    ])
    return {
      text: table([['broken on purpose', 'the checker'], ...rows]),
      broken: rows.filter(([, seen]) => seen === 'UNSEEN').length,
    }
  },
}

function brokenOf(results: readonly { readonly problems: readonly string[] }[]): number {
  return results.filter(({ problems }) => problems.length > 0).length
}
