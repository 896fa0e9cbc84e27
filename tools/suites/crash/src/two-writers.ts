import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkInvariants, folderObjects, inShort, parseChecked, readEtlText, untilStopped } from '@dwh/harness'
import type { Race } from './child/two-writers.ts'
import type { Lab, StoreKind } from './lab.ts'
import { startChild } from './start-child.ts'
import { LABS, workThrough } from './work-through.ts'

export interface RaceResult {
  readonly how: string
  readonly problems: readonly string[]
}

/** Lets two publications race: one must be published, and the other must report a conflict. */
export async function raceWriters(program: string, trials: number): Promise<RaceResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dwh-crash-'))
  try {
    const env = { PATH: process.env.PATH ?? '', HOME: folder }
    const ended = await startChild(program, { do: 'two-writers', folder, trials }, env).ended
    if (ended.code !== 0) throw new Error(`two writers: ${inShort(ended)}`)
    const races: Race[] = JSON.parse(ended.stdout)
    const results: RaceResult[] = []
    for (const race of races) results.push({ how: race.how, problems: await checkRace(race) })
    return results
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function checkRace({ folder, outcomes }: Race): Promise<string[]> {
  const objects = folderObjects(join(folder, 'warehouse'))
  const problems = await checkInvariants(objects, { anyBytes: true })
  const winners = Object.keys(outcomes).filter((runId) => outcomes[runId] === 'published')
  const losers = Object.keys(outcomes).filter((runId) => outcomes[runId] === 'conflict')
  if (winners.length !== 1 || losers.length !== 1)
    problems.push(`expected one winner and one loser: ${JSON.stringify(outcomes)}`)
  const text = await readEtlText(objects)
  const { run_id } = parseChecked<{ run_id: string }>('etl.json', text ?? '{}')
  if (winners.length === 1 && run_id !== winners[0]) problems.push(`${winners[0]} won, but etl.json names ${run_id}`)
  return problems
}

const EXIT_CONFLICT = 4

/**
 * Lets whole runs race, as processes: started at once, or with one paused just before its commit while it holds the
 * lease.
 */
export async function raceCommands(postgresUrl: string, program: string, trials: number): Promise<RaceResult[]> {
  const results: RaceResult[] = []
  const numbers = Array.from({ length: trials }, (_, number) => number)
  await workThrough(numbers, { postgresUrl, labs: LABS }, async (number, lab) => {
    const store: StoreKind = number % 4 < 2 ? 'local' : 's3'
    results.push(number % 2 === 0 ? await startedAtOnce(store, lab) : await asleepWithItsLease(store, lab, program))
  })
  return results
}

async function startedAtOnce(store: StoreKind, lab: Lab): Promise<RaceResult> {
  const warehouse = await lab.warehouse(store, 're-run')
  await lab.nextValue()
  const both = await Promise.all([warehouse.dwh(['run']), warehouse.dwh(['run'])])
  const codes = both.map(({ code }) => code).sort()
  const problems = await checkInvariants(warehouse.objects, { clean: { temp: warehouse.temp } })
  // on a busy machine, one may end before the other begins
  if (codes[0] !== 0 || ![0, EXIT_CONFLICT].includes(codes[1] ?? -1)) problems.push(both.map(inShort).join('; '))
  await warehouse.remove()
  return { how: `two commands at once, ${store}: ${codes[1] === 0 ? 'one after the other' : 'one conflict'}`, problems }
}

async function asleepWithItsLease(store: StoreKind, lab: Lab, program: string): Promise<RaceResult> {
  const warehouse = await lab.warehouse(store, 're-run')
  const { place, temp, env } = warehouse
  await lab.nextValue()
  const at = { when: 'before', what: 'commit', nth: 1, signal: 'SIGSTOP' } as const
  const sleeper = startChild(program, { do: 'run', place, databaseUrl: lab.database.url, temp, at }, env)
  const problems: string[] = []
  try {
    if (!(await untilStopped(sleeper))) problems.push(`expected it to stop: ${inShort(await sleeper.ended)}`)
    const other = await warehouse.dwh(['run'])
    if (other.code !== EXIT_CONFLICT) problems.push(`while the lease lasts: ${inShort(other)}`)
    sleeper.process.kill('SIGCONT')
    const woken = await sleeper.ended
    if (woken.code !== 0) problems.push(`the holder: ${inShort(woken)}`)
    problems.push(...(await checkInvariants(warehouse.objects, { clean: { temp } })))
  } finally {
    sleeper.process.kill('SIGKILL')
    await sleeper.ended
    await warehouse.remove()
  }
  return { how: `a command while a holder sleeps, ${store}`, problems }
}
