import type { RecordedRequest } from './recorded-request.ts'

/**
 * `'arrival'`: before anything is done or read. `'effect'`: the body is here and verified, the write comes next; for reads, before the reading.
 * `'answer'`: all is done, nothing has been answered.
 */
export type Moment = 'arrival' | 'effect' | 'answer'

export interface FaultyAnswer {
  /** With 200, a `code` makes the error inside a success that CopyObject and CompleteMultipartUpload know. */
  readonly status: number
  /** The code of an S3 error; without it and without `body` there is no body. */
  readonly code?: string
  readonly message?: string
  /** `retry-after` and the like. */
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of the XML of an error. */
  readonly body?: string
}

export type Fault =
  /** Answers so, without acting and without looking at the signature. */
  | { readonly respond: FaultyAnswer }
  /** Closes the socket without acting. */
  | 'drop-before'
  /** Acts, then closes the socket without an answer: the answer to a success is lost. */
  | 'drop-after'
  /** Closes the socket after that many bytes of the answer's body; the headers promise all of it. */
  | { readonly cutAfterBytes: number }
  /** Waits at `'arrival'`, or where said, until `release()`. When the client leaves first, nothing more is done. */
  | 'hang'
  | { readonly hang: Moment }
  /** Waits there, and goes on even when the client has left. `'arrival'` when not said. */
  | { readonly waitFor: Promise<unknown> | (() => Promise<unknown>); readonly at?: Moment }
  | { readonly slow: { readonly firstByteMs?: number; readonly bytesPerSecond?: number } }
  /** `If-Match`, `If-None-Match` and their like are not looked at, as by servers that do not know them. */
  | 'ignore-conditions'
  /** Lists the bucket as it was before its last that many writes and deletes; 1000 are remembered. */
  | { readonly staleList: number }
  /** Turns over the byte at this place of the answer's body. */
  | { readonly corruptAt: number }

export interface ScriptRule {
  /** Told of a request when it arrives: its answer and its bytes are not known yet. */
  when(request: RecordedRequest): boolean
  /** How many requests it strikes; all when not given. */
  readonly times?: number
  /** Several faults strike together. */
  readonly do: Fault | readonly Fault[]
}

export interface ScriptedRule {
  /** How many requests it has struck. */
  readonly hits: number
  /** Resolves with the first request that it strikes; when the rule waits or hangs, once that request is waiting. */
  readonly reached: Promise<RecordedRequest>
  /** Lets go of those that hang, and of those to come. */
  release(): void
  /** No request is struck any more. Those that hang still do. */
  remove(): void
}

interface Gate {
  /** Told when a request has come to it. */
  arrive(): void
  readonly open: () => Promise<unknown>
  /** Whether the request is given up when its client leaves. */
  readonly endsWithClient: boolean
}

/** All that is to go wrong with one request. */
export interface FaultPlan {
  readonly respond: FaultyAnswer | null
  readonly drop: 'before' | 'after' | null
  readonly cutAfterBytes: number
  readonly corruptAt: readonly number[]
  readonly firstByteMs: number
  readonly bytesPerSecond: number
  readonly ignoresConditions: boolean
  readonly staleWrites: number
  readonly gates: Readonly<Record<Moment, readonly Gate[]>>
}

export interface Script {
  add(rule: ScriptRule): ScriptedRule
  /** Counts a hit for every rule that strikes. Rules strike in the order they were added, up to one that answers or drops without acting. */
  planFor(request: RecordedRequest): FaultPlan
}

export function script(): Script {
  const rules: LiveRule[] = []
  return {
    add(rule) {
      const live = liveRule(rule)
      rules.push(live)
      return {
        get hits() {
          return live.hits
        },
        reached: live.reached.promise,
        release: () => live.released.resolve(),
        remove() {
          live.times = 0
        },
      }
    },
    planFor(request) {
      const struck: [Fault, LiveRule][] = []
      for (const live of rules) {
        if (live.hits >= live.times || !live.rule.when(request)) continue
        live.hits++
        const faults = Array.isArray(live.rule.do) ? (live.rule.do as readonly Fault[]) : [live.rule.do as Fault]
        for (const fault of faults) struck.push([fault, live])
        if (!faults.some(waits)) live.reached.resolve(request)
        if (faults.some((fault) => fault === 'drop-before' || isRespond(fault))) break
      }
      return planOf(struck, request)
    },
  }
}

interface LiveRule {
  readonly rule: ScriptRule
  hits: number
  times: number
  readonly reached: Resolvable<RecordedRequest>
  readonly released: Resolvable<void>
}

interface Resolvable<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

function liveRule(rule: ScriptRule): LiveRule {
  return { rule, hits: 0, times: rule.times ?? Number.POSITIVE_INFINITY, reached: resolvable(), released: resolvable() }
}

function resolvable<T>(): Resolvable<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function planOf(struck: readonly [Fault, LiveRule][], request: RecordedRequest): FaultPlan {
  const plan = {
    respond: null as FaultyAnswer | null,
    drop: null as 'before' | 'after' | null,
    cutAfterBytes: Number.POSITIVE_INFINITY,
    corruptAt: [] as number[],
    firstByteMs: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    ignoresConditions: false,
    staleWrites: 0,
    gates: { arrival: [], effect: [], answer: [] } as Record<Moment, Gate[]>,
  }
  for (const [fault, live] of struck) {
    const arrive = () => live.reached.resolve(request)
    const hang = (at: Moment) =>
      plan.gates[at].push({ arrive, open: () => live.released.promise, endsWithClient: true })
    if (fault === 'drop-before') plan.drop = 'before'
    else if (fault === 'drop-after') plan.drop = 'after'
    else if (fault === 'ignore-conditions') plan.ignoresConditions = true
    else if (fault === 'hang') hang('arrival')
    else if ('hang' in fault) hang(fault.hang)
    else if ('respond' in fault) plan.respond = fault.respond
    else if ('cutAfterBytes' in fault) plan.cutAfterBytes = Math.min(plan.cutAfterBytes, fault.cutAfterBytes)
    else if ('corruptAt' in fault) plan.corruptAt.push(fault.corruptAt)
    else if ('staleList' in fault) plan.staleWrites = Math.max(plan.staleWrites, fault.staleList)
    else if ('slow' in fault) {
      plan.firstByteMs = Math.max(plan.firstByteMs, fault.slow.firstByteMs ?? 0)
      plan.bytesPerSecond = Math.min(plan.bytesPerSecond, fault.slow.bytesPerSecond ?? plan.bytesPerSecond)
    } else {
      const { waitFor, at = 'arrival' } = fault
      const open = typeof waitFor === 'function' ? waitFor : () => waitFor
      plan.gates[at].push({ arrive, open, endsWithClient: false })
    }
  }
  return plan
}

function isRespond(fault: Fault): boolean {
  return typeof fault === 'object' && 'respond' in fault
}

function waits(fault: Fault): boolean {
  return fault === 'hang' || (typeof fault === 'object' && ('hang' in fault || 'waitFor' in fault))
}

/** The client left, or the server closes: nothing more is to be done for the request. */
export class Abandoned extends Error {}

/**
 * Waits at the gates of a moment, one after the other.
 * @throws Abandoned
 */
export async function passGates(
  plan: FaultPlan,
  moment: Moment,
  signals: { readonly clientGone: AbortSignal; readonly closing: AbortSignal },
): Promise<void> {
  for (const gate of plan.gates[moment]) {
    gate.arrive()
    await orAbandoned(gate.open(), gate.endsWithClient ? signals.clientGone : null, signals.closing)
  }
}

async function orAbandoned(open: Promise<unknown>, ...signals: (AbortSignal | null)[]): Promise<void> {
  let leave = () => {}
  const abandoned = new Promise<never>((_, reject) => {
    leave = () => reject(new Abandoned())
  })
  const heard = signals.filter((signal) => signal !== null)
  for (const signal of heard) {
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
  }
  try {
    await Promise.race([open, abandoned])
  } finally {
    for (const signal of heard) signal.removeEventListener('abort', leave)
  }
}
