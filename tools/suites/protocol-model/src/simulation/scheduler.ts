import { nextTick } from 'node:process'
import { DwhError, type ObjectStore } from '@dwh/core'
import { Violation } from './invariants.ts'
import type { Objects, Steps } from './objects.ts'
import type { Random } from './random.ts'

/** Probabilities of faults, for one request. */
export interface Faults {
  readonly crash: number
  readonly lostAnswer: number
  readonly sleep: number
  /** Requests for which faults are ten times as likely. */
  readonly focus: RegExp
}

export const NO_FAULTS: Faults = { crash: 0, lostAnswer: 0, sleep: 0, focus: /^$/ }

/** A process. Each request to its store waits for the scheduler. */
export interface Actor {
  readonly name: string
  readonly store: ObjectStore
  readonly faults: Faults
  state: 'runs' | 'crashed'
  /** Its requests are done no sooner than at this step. */
  asleepUntil: number
}

interface Request {
  readonly actor: Actor
  readonly label: string
  readonly steps: readonly (() => unknown)[]
  done: number
  /** Null once no process waits for the answer. */
  answer: { resolve(value: unknown): void; reject(error: unknown): void } | null
}

/** More requests than any schedule needs. A process that makes more is in an endless loop. */
const MAX_STEPS = 4000
const FOCUS = 10
const SHORT_SLEEP = 100

/** Resolves once no promise has more work to do: all actors then wait for an answer, or have ended. */
const allElseDone = () => new Promise<void>((resolve) => nextTick(resolve))

export interface SchedulerEvents {
  /** Receives one line for each event. */
  readonly trace: string[]
  onStep(): void
  onSleep(): void
}

/** Performs one request of one actor at a time; the seed chooses which. */
export class Scheduler {
  readonly #objects: Objects
  readonly #random: Random
  readonly #requests: Request[] = []
  readonly #events: SchedulerEvents
  #failure: unknown = null
  /** True once an answer was lost or an actor crashed. */
  harmed = false

  constructor(objects: Objects, random: Random, events: SchedulerEvents) {
    this.#objects = objects
    this.#random = random
    this.#events = events
  }

  /**
   * Starts a process. Its first request is done no sooner than at step `asleepUntil`. `work` records its own outcome;
   * an error that it throws fails the schedule.
   */
  start(name: string, faults: Faults, work: (store: ObjectStore) => Promise<void>, asleepUntil = 0): Actor {
    const actor: Actor = { name, faults, state: 'runs', asleepUntil, store: null as unknown as ObjectStore }
    Object.assign(actor, { store: this.#storeOf(actor) })
    work(actor.store).catch((error) => {
      this.#failure ??= error
    })
    return actor
  }

  /**
   * Performs requests until there are none. Without `wake` it ends once all remaining actors sleep.
   * @throws Violation if an actor never stops making requests
   */
  async run(wake = true): Promise<void> {
    for (let step = 0; ; step += 1) {
      await allElseDone()
      if (this.#failure !== null) throw this.#failure
      if (this.#requests.length === 0) return
      if (step > MAX_STEPS) throw new Violation(`${this.#requests[0]?.actor.name} is in an endless loop`)
      const awake = this.#requests.filter((request) => request.actor.asleepUntil <= step)
      if (awake.length === 0) {
        if (!wake) {
          for (const { actor } of this.#requests) actor.asleepUntil = Number.POSITIVE_INFINITY
          return
        }
        for (const { actor } of this.#requests) actor.asleepUntil = 0
        continue
      }
      // choose the actor first: many requests at once must not make an actor faster
      const { actor } = this.#random.pick(awake)
      const next = this.#random.pick(awake.filter((request) => request.actor === actor))
      this.#schedule(next, step)
    }
  }

  #schedule(request: Request, step: number): void {
    const { actor } = request
    const { crash, lostAnswer, sleep } = actor.faults
    const weight = actor.faults.focus.test(request.label) ? FOCUS : 1
    if (request.answer === null) this.#perform(request)
    else if (this.#random.chance(sleep * weight)) {
      this.#events.onSleep()
      // sleep for a while, or until no other actor has anything to do
      actor.asleepUntil = this.#random.chance(0.5)
        ? step + 1 + this.#random.below(SHORT_SLEEP)
        : Number.POSITIVE_INFINITY
      this.#events.trace.push(`${actor.name} sleeps`)
    } else if (this.#random.chance(crash * weight)) this.#crash(actor)
    else if (this.#random.chance(lostAnswer * weight)) this.#loseAnswer(request)
    else this.#perform(request)
  }

  #perform(request: Request): void {
    this.#events.onStep()
    const { steps, done, answer, actor, label } = request
    const last = done === steps.length - 1
    request.done += 1
    const part = steps.length > 1 ? ` (${done + 1} of ${steps.length})` : ''
    this.#events.trace.push(`${actor.name}: ${label}${part}${answer ? '' : ', its answer is not awaited'}`)
    if (last) this.#requests.splice(this.#requests.indexOf(request), 1)
    try {
      const value = (steps[done] as () => unknown)()
      if (last) answer?.resolve(value)
    } catch (error) {
      if (!(error instanceof DwhError)) throw error
      this.#events.trace.push(`  ${error.code}`)
      if (!last) this.#requests.splice(this.#requests.indexOf(request), 1)
      answer?.reject(error)
    }
  }

  /** Crashes an actor. Its promises stay pending; its open requests are done now, later or never. */
  #crash(actor: Actor): void {
    this.harmed = true
    actor.state = 'crashed'
    this.#events.trace.push(`${actor.name} crashes`)
    for (const request of this.#requests.filter((each) => each.actor === actor)) this.#leave(request)
  }

  #loseAnswer(request: Request): void {
    this.harmed = true
    this.#events.trace.push(`${request.actor.name}: no answer to ${request.label}`)
    const { answer } = request
    this.#leave(request)
    answer?.reject(new DwhError('STORE_UNREACHABLE', `${request.label}: socket hang up`))
  }

  #leave(request: Request): void {
    request.answer = null
    const fate = this.#random.pick(['done', 'later', 'never'])
    if (fate === 'done') while (this.#requests.includes(request)) this.#perform(request)
    else if (fate === 'never') this.#requests.splice(this.#requests.indexOf(request), 1)
  }

  #storeOf(actor: Actor): ObjectStore {
    const objects = this.#objects
    const ask = <T>(label: string, steps: Steps<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        // a crashed process makes no requests
        if (actor.state === 'crashed') return
        this.#requests.push({ actor, label, steps, done: 0, answer: { resolve: resolve as () => void, reject } })
      })
    return {
      url: 'memory:',
      get: (key) =>
        ask(`get ${key}`, [
          () => {
            const found = objects.at(key)
            return found ? { body: found.body, etag: found.sha256 } : null
          },
        ]),
      put: (key, body, condition) => ask(`put ${key}`, [() => objects.put(key, body, condition)]),
      // the path stands for the bytes: no file is read
      putFile: (key, path) => ask(`put ${key}`, [() => objects.put(key, new TextEncoder().encode(path))]),
      head: (key) => ask(`head ${key}`, [() => objects.head(key)]),
      getFile: () => Promise.reject(new Error('no files here')),
      async copy(from, to, isWanted = async () => true) {
        const prepared = await ask(`prepare ${to}`, objects.preparing(from, to))
        if (!prepared || !(await isWanted())) return null
        return ask(`copy ${from} ${to}`, objects.copying(prepared))
      },
      async *list(prefix) {
        const found = await ask(`list ${prefix}`, [() => objects.keys(prefix).map((key) => objects.head(key)!)])
        yield* found
      },
      delete: (key) => ask(`delete ${key}`, objects.deleting(key)),
      conditionalWrites: async () => true,
    }
  }
}
