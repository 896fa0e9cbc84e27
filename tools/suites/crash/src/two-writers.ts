import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  checkInvariants,
  type Etl,
  folderObjects,
  inShort,
  parseChecked,
  readEtlText,
  untilStopped,
} from '@dwh/harness'
import { cleanPlace } from './child/clean-place.ts'
import { FIRST, type Race } from './child/two-writers.ts'
import type { Lab, StoreKind } from './lab.ts'
import { startChild } from './start-child.ts'
import { LABS, workThrough } from './work-through.ts'

export interface RaceResult {
  readonly how: string
  readonly problems: readonly string[]
}

/** Lets two publications race, and each with a collector: every publication must be whole, or report a conflict. */
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

/** How many writers win and lose each race. The winners' order is that of their commits. */
const ENDS: Readonly<Record<Race['how'], readonly [winners: number, losers: number]>> = {
  'at once': [1, 1],
  'held before the write': [1, 1],
  'held between comparing and writing': [1, 1],
  'a collector before the commit': [0, 1],
  'a commit while a collector is about to raise the token': [1, 0],
  'held before a plain copy is placed': [2, 0],
}

/** More than replaced objects are retained. */
const LATER_MS = 2 * 24 * 60 * 60 * 1000

async function checkRace({ folder, how, outcomes }: Race): Promise<string[]> {
  const path = join(folder, 'warehouse')
  const objects = folderObjects(path)
  const problems = await checkInvariants(objects, { anyBytes: true })
  const winners = Object.keys(outcomes).filter((runId) => outcomes[runId] === 'published')
  const losers = Object.keys(outcomes).filter((runId) => outcomes[runId] === 'conflict')
  if (winners.length !== ENDS[how][0] || losers.length !== ENDS[how][1])
    problems.push(`expected ${ENDS[how].join(' published and ')} lost: ${JSON.stringify(outcomes)}`)
  const etl = parseChecked<Etl>('etl.json', (await readEtlText(objects)) ?? '{}')
  const last = winners.at(-1) ?? FIRST
  if (etl.run_id !== last) problems.push(`${last} won, but etl.json names ${etl.run_id}`)
  if (etl.copies_pending.length > 0) problems.push(`plain copies are pending: ${etl.copies_pending.join(', ')}`)
  // what is damaged cannot be cleaned
  if (problems.length > 0) return problems
  await cleanPlace({ path }, LATER_MS)
  problems.push(...(await checkInvariants(objects, { anyBytes: true, quiet: true })))
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
