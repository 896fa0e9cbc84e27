import { setTimeout as pause } from 'node:timers/promises'
import { inShort, readEtlText } from '@dwh/harness'
import { checkAfterKill } from './after-kill.ts'
import { argsOf, type Lab, type RunKind, type StoreKind } from './lab.ts'
import { randomOf } from './random-of.ts'
import { LABS, workThrough } from './work-through.ts'

export interface RandomKillOptions {
  readonly postgresUrl: string
  readonly seed: number
  readonly count: number
  /** The number of the first trial, to repeat one. */
  readonly from?: number
  readonly onResult?: (trial: Trial) => void
}

export interface Trial {
  readonly number: number
  readonly store: StoreKind
  readonly kind: RunKind
  /** When the command was killed, in milliseconds after its start. */
  readonly afterMs: number
  /** False if it had ended by then. */
  readonly killed: boolean
  /** The state that readers saw: the one before, or the new one. */
  readonly saw: 'old' | 'new'
  readonly problems: readonly string[]
}

const KINDS: readonly RunKind[] = ['empty', 'first', 're-run', 'past']

/** Kills `dwh run` from outside at random moments. */
export async function randomKills(options: RandomKillOptions): Promise<Trial[]> {
  const { seed, count, from = 0, postgresUrl } = options
  const usual = new Map<string, number>()
  const trials: Trial[] = []
  const numbers = Array.from({ length: count }, (_, index) => from + index)
  await workThrough(numbers, { postgresUrl, labs: LABS }, async (number, lab) => {
    const store = number % 2 === 0 ? 'local' : 's3'
    const kind = KINDS[(number >> 1) % KINDS.length] as RunKind
    const duration = usual.get(store) ?? (await usualDuration(lab, store))
    usual.set(store, duration)
    const afterMs = Math.floor(randomOf(seed, number) * duration)
    const trial = await runTrial({ number, store, kind, afterMs }, lab)
    trials.push(trial)
    options.onResult?.(trial)
  })
  return trials.sort((a, b) => a.number - b.number)
}

async function usualDuration(lab: Lab, store: StoreKind): Promise<number> {
  const warehouse = await lab.warehouse(store, 're-run')
  const startedAt = Date.now()
  await warehouse.dwh(['run'])
  await warehouse.remove()
  return Date.now() - startedAt
}

async function runTrial(planned: Pick<Trial, 'number' | 'store' | 'kind' | 'afterMs'>, lab: Lab): Promise<Trial> {
  const { store, kind, afterMs } = planned
  const warehouse = await lab.warehouse(store, kind)
  try {
    const earlier = await readEtlText(warehouse.objects)
    const next = await lab.nextValue()
    const command = warehouse.start(['run', ...argsOf(kind)])
    await Promise.race([pause(afterMs), command.ended])
    command.process.kill('SIGKILL')
    const ended = await command.ended
    const killed = ended.signal === 'SIGKILL'
    if (!killed && ended.code !== 0) return { ...planned, killed, saw: 'old', problems: [`dwh run: ${inShort(ended)}`] }
    let seen: number | null = null
    const problems = await checkAfterKill(lab, warehouse, {
      sees: killed ? [warehouse.value, next] : [next],
      earlier,
      onSeen: (value) => {
        seen = value
      },
    })
    return { ...planned, killed, saw: seen === next ? 'new' : 'old', problems }
  } catch (error) {
    return { ...planned, killed: true, saw: 'old', problems: [String((error as Error).stack)] }
  } finally {
    await warehouse.remove()
  }
}
