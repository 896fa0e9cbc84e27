import type { RecordedRequest } from './recorded-request.ts'

/**
 * The moment of a fault. `'arrival'`: before anything is read or done. `'effect'`: the body is received and verified,
 * and the write comes next; for reads, before reading. `'answer'`: everything is done, nothing is answered yet.
 */
export type Moment = 'arrival' | 'effect' | 'answer'

export interface FaultyAnswer {
  /** With status 200, `code` makes an error inside a success, which CopyObject and CompleteMultipartUpload have. */
  readonly status: number
  /** An S3 error code; without it and without `body`, the answer has no body. */
  readonly code?: string
  readonly message?: string
  /** Headers such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Replaces the XML of the error. */
  readonly body?: string
}

export type Fault =
  /** Answers this, without acting and without checking the signature. */
  | { readonly respond: FaultyAnswer }
  /** Closes the socket without acting. */
  | 'drop-before'
  /** Acts, then closes the socket without an answer: the answer to a success is lost. */
  | 'drop-after'
  /** Closes the socket after this many bytes of the answer's body, although the headers announce all of it. */
  | { readonly cutAfterBytes: number }
  /**
   * Waits at `'arrival'`, or at the given moment, until `release()`. If the client leaves before, nothing more is done.
   */
  | 'hang'
  | { readonly hang: Moment }
  /** Waits at this moment, and continues even if the client has left. Default `'arrival'`. */
  | { readonly waitFor: Promise<unknown> | (() => Promise<unknown>); readonly at?: Moment }
  | { readonly slow: { readonly firstByteMs?: number; readonly bytesPerSecond?: number } }
  /** Ignores `If-Match`, `If-None-Match` and similar headers, as servers do that do not know them. */
  | 'ignore-conditions'
  /** Lists the bucket as it was this many writes and deletes ago; 1000 are stored. */
  | { readonly staleList: number }
  /** Inverts the byte at this offset of the answer's body. */
  | { readonly corruptAt: number }

export interface ScriptRule {
  /** Receives a request on arrival: its answer and its bytes are not known yet. */
  when(request: RecordedRequest): boolean
  /** Number of requests that it affects. Default: all. */
  readonly times?: number
  /** Several faults apply together. */
  readonly do: Fault | readonly Fault[]
}

export interface ScriptedRule {
  /** Number of requests affected so far. */
  readonly hits: number
  /** Resolves on the first affected request; if the rule waits or hangs, once that request is waiting. */
  readonly reached: Promise<RecordedRequest>
  /** Releases requests that hang, now and later. */
  release(): void
  /** Ends the rule. Requests that hang continue to hang. */
  remove(): void
}

interface Gate {
  /** Called when a request reaches the gate. */
  arrive(): void
  readonly open: () => Promise<unknown>
  /** Whether the request ends when its client leaves. */
  readonly endsWithClient: boolean
}

/** All faults of one request. */
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
  /**
   * Counts a hit for every rule that applies. Rules apply in the order they were added, up to one that answers or drops
   * without acting.
   */
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

/** Thrown when the client left or the server closes: the request ends. */
export class Abandoned extends Error {}

/** Waits at the gates of a moment, one after the other. @throws Abandoned */
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
