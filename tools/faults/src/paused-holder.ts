import { checkInvariants, currentLock } from './check-invariants.ts'
import { checkReaders } from './check-readers.ts'
import { argsOf, type Lab, PAST_DAY, type RunKind, type StoreKind, type Warehouse } from './lab.ts'
import { POINTS, type Point } from './points.ts'
import { inShort, pause, type Started, startChild, untilStopped } from './processes.ts'
import { parseChecked, readEtlText } from './read-etl.ts'
import { workThrough } from './work-through.ts'

export interface PausedOptions {
  readonly postgresUrl: string
  readonly program: string
  readonly count: number
  readonly onResult?: (trial: PausedTrial) => void
}

export interface PausedTrial {
  readonly point: Point
  readonly store: StoreKind
  readonly kind: RunKind
  /** How the run that slept ended. */
  readonly woken: 'conflict' | 'published before' | 'failed'
  readonly problems: readonly string[]
}

/** Long enough for a run on a busy machine to get to where it sleeps, short enough to wait for. */
const LEASE_TTL_MS = 2_000

/** Most of the time these only wait for a lease to run out. */
const PAUSED_LABS = 4

const OUTSIDE = ['before taking the lease', 'after releasing the lease']

/** As `dwh` has it. */
const EXIT_CONFLICT = 4

/** The holder of the lease sleeps somewhere in its run until another has taken over and published, and then wakes up. */
export async function pausedHolders(options: PausedOptions): Promise<PausedTrial[]> {
  const { postgresUrl, program, count } = options
  // before the lease there is nobody to take over from, and after it nothing is left to do
  const points = POINTS.filter(({ name }) => !OUTSIDE.includes(name))
  const kinds: readonly RunKind[] = ['re-run', 'past', 'first']
  const planned = Array.from({ length: count }, (_, index) => {
    const point = points[index % points.length] as Point
    const round = Math.floor(index / points.length)
    const store: StoreKind = (index + round) % 2 === 0 ? 'local' : 's3'
    const kind = kinds[(index + round) % kinds.length] as RunKind
    return { point, store, kind: point.replacing && kind === 'first' ? ('re-run' as const) : kind }
  })
  const trials: PausedTrial[] = []
  await workThrough(planned, { postgresUrl, labs: PAUSED_LABS }, async (plan, lab) => {
    const trial = await runTrial(plan, lab, program).catch((error) => ({
      ...plan,
      woken: 'failed' as const,
      problems: [String(error.stack)],
    }))
    trials.push(trial)
    options.onResult?.(trial)
  })
  return trials
}

type Plan = Pick<PausedTrial, 'point' | 'store' | 'kind'>

async function runTrial(plan: Plan, lab: Lab, program: string): Promise<PausedTrial> {
  const warehouse = await lab.warehouse(plan.store, plan.kind)
  const { when, what, nth } = plan.point
  await lab.nextValue()
  const sleeper = startChild(
    program,
    {
      do: 'run',
      place: warehouse.place,
      databaseUrl: lab.database.url,
      temp: warehouse.temp,
      leaseTtlMs: LEASE_TTL_MS,
      ...(plan.kind === 'past' ? { date: PAST_DAY, replace: true } : {}),
      at: { when, what, nth, signal: 'SIGSTOP' },
    },
    warehouse.env,
  )
  try {
    return await whileAsleep(plan, lab, warehouse, sleeper)
  } finally {
    sleeper.process.kill('SIGKILL')
    await sleeper.ended
    await warehouse.remove()
  }
}

async function whileAsleep(plan: Plan, lab: Lab, warehouse: Warehouse, sleeper: Started): Promise<PausedTrial> {
  const failed = (problem: string): PausedTrial => ({ ...plan, woken: 'failed', problems: [problem] })
  if (!(await untilStopped(sleeper))) return failed(`was to sleep, and ended with ${inShort(await sleeper.ended)}`)
  const { expires_at = '' } = await currentLock(warehouse.objects)
  await pause(Math.max(0, Date.parse(expires_at) - Date.now() + 1))
  const next = await lab.nextValue()
  const other = await warehouse.dwh(['run', ...argsOf(plan.kind)])
  if (other.code !== 0) return failed(`the run that takes over: ${inShort(other)}`)
  const published = await readEtlText(warehouse.objects)
  sleeper.process.kill('SIGCONT')
  const woken = await sleeper.ended
  const problems: string[] = []
  const committed = plan.point.sees === 'new'
  if (woken.code !== (committed ? 0 : EXIT_CONFLICT)) problems.push(`the one that slept: ${inShort(woken)}`)
  if (runOf(await readEtlText(warehouse.objects)) !== runOf(published))
    problems.push('the one that slept has committed over the other')
  problems.push(...(await checkInvariants(warehouse.objects)), ...(await checkReaders(warehouse, [next])))
  return { ...plan, woken: committed ? 'published before' : 'conflict', problems }
}

function runOf(text: string | null): string | null {
  return text === null ? null : parseChecked<{ run_id: string }>('etl.json', text).run_id
}
