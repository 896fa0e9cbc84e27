import { setTimeout as pause } from 'node:timers/promises'
import {
  checkInvariants,
  currentLock,
  inShort,
  parseChecked,
  readEtlText,
  type Started,
  untilStopped,
} from '@dwh/harness'
import { spread } from '@dwh/test-kit'
import { checkReaders } from './check-readers.ts'
import { argsOf, dayOf, type Lab, type RunKind, type StoreKind, type Warehouse } from './lab.ts'
import { POINTS, type Point } from './points.ts'
import { startChild } from './start-child.ts'
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
  /** Whether another run took over meanwhile. */
  readonly takenOver: boolean
  /** The outcome of the run that slept. */
  readonly woken: 'conflict' | 'published' | 'failed'
  readonly problems: readonly string[]
}

/**
 * Short enough to wait for. If a run on a busy machine does not reach its point within the first, the trial repeats
 * with the next.
 */
const LEASE_TTLS_MS = [2_000, 8_000, 32_000]

/** More labs than cores, since these mostly wait for a lease to expire. */
const PAUSED_LABS = 4

const OUTSIDE = ['before taking the lease', 'after releasing the lease']

/** In one of this many trials, no other run takes over. */
const ALONE = 4

/** A run that woke up must end within this time. */
const PATIENCE_MS = 30_000

/** The exit code of `dwh` for a conflict. */
const EXIT_CONFLICT = 4

/** Pauses the holder of the lease in its run until another run has taken over and published, then wakes it up. */
export async function pausedHolders(options: PausedOptions): Promise<PausedTrial[]> {
  const { postgresUrl, program, count } = options
  // before it takes the lease, a run holds nothing; after it released the lease, it has nothing left to do
  const points = POINTS.filter(({ name }) => !OUTSIDE.includes(name))
  const kinds: readonly RunKind[] = ['re-run', 'past', 'first']
  const used = spread(points, count)
  const planned = Array.from({ length: count }, (_, index) => {
    const point = used[index % used.length] as Point
    const round = Math.floor(index / used.length)
    const store: StoreKind = (index + round) % 2 === 0 ? 'local' : 's3'
    const kind = kinds[(index + round) % kinds.length] as RunKind
    const takenOver = index % ALONE !== ALONE - 1
    return { point, store, kind, takenOver }
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

type Plan = Pick<PausedTrial, 'point' | 'store' | 'kind' | 'takenOver'>

async function runTrial(plan: Plan, lab: Lab, program: string): Promise<PausedTrial> {
  let early = ''
  for (const leaseTtlMs of LEASE_TTLS_MS) {
    const trial = await sleepAndWake(plan, lab, program, leaseTtlMs)
    if (typeof trial !== 'string') return trial
    early = trial
  }
  return { ...plan, woken: 'failed', problems: [`was to sleep, and ended with ${early}`] }
}

/** Returns a text if the run ended before it reached its point. */
async function sleepAndWake(plan: Plan, lab: Lab, program: string, leaseTtlMs: number): Promise<PausedTrial | string> {
  const warehouse = await lab.warehouse(plan.store, plan.kind)
  const { when, what, nth } = plan.point
  const value = await lab.nextValue()
  const sleeper = startChild(
    program,
    {
      do: 'run',
      place: warehouse.place,
      databaseUrl: lab.database.url,
      temp: warehouse.temp,
      leaseTtlMs,
      ...dayOf(plan.kind),
      at: { when, what, nth, signal: 'SIGSTOP' },
    },
    warehouse.env,
  )
  try {
    if (!(await untilStopped(sleeper))) return inShort(await sleeper.ended)
    return await whileAsleep(plan, lab, warehouse, { ...sleeper, value })
  } finally {
    sleeper.process.kill('SIGKILL')
    await sleeper.ended
    await warehouse.remove()
  }
}

async function whileAsleep(
  plan: Plan,
  lab: Lab,
  warehouse: Warehouse,
  { value, ...sleeper }: Started & { readonly value: number },
): Promise<PausedTrial> {
  const failed = (problem: string): PausedTrial => ({ ...plan, woken: 'failed', problems: [problem] })
  await untilOver(warehouse)
  // without another run, the state is what this run read, so its commit may succeed
  const committed = plan.point.sees === 'new' || (!plan.takenOver && plan.point.name === 'before the commit')
  const next = plan.takenOver ? await lab.nextValue() : committed ? value : warehouse.value
  if (plan.takenOver) {
    const other = await warehouse.dwh(['run', ...argsOf(plan.kind)])
    if (other.code !== 0) return failed(`the run that takes over: ${inShort(other)}`)
  }
  const published = await readEtlText(warehouse.objects)
  sleeper.process.kill('SIGCONT')
  const patience = setTimeout(() => sleeper.process.kill('SIGKILL'), PATIENCE_MS)
  const woken = await sleeper.ended
  clearTimeout(patience)
  const problems: string[] = []
  if (woken.code !== (committed ? 0 : EXIT_CONFLICT)) problems.push(`the run that slept: ${inShort(woken)}`)
  if (plan.takenOver && runOf(await readEtlText(warehouse.objects)) !== runOf(published))
    problems.push('the run that slept committed after the takeover')
  problems.push(...(await checkInvariants(warehouse.objects)), ...(await checkReaders(warehouse, next)))
  return { ...plan, woken: committed ? 'published' : 'conflict', problems }
}

/** Reads the lease repeatedly: a renewal may have been in flight when the holder stopped. */
async function untilOver({ objects }: Warehouse): Promise<void> {
  for (;;) {
    const { expires_at = '' } = await currentLock(objects)
    const left = Date.parse(expires_at) - Date.now()
    if (left < 0) return
    await pause(left + 1)
  }
}

function runOf(text: string | null): string | null {
  return text === null ? null : parseChecked<{ run_id: string }>('etl.json', text).run_id
}
