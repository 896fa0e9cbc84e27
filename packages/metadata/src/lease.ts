import {
  DwhError,
  isDwhError,
  LEASE_KEY,
  type ObjectStore,
  processName,
  type StoredObject,
  throwIfAborted,
  type Wait,
  wait as waitByTimer,
  whereIs,
  wrapStore,
} from '@dwh/core'

export interface LeaseOptions {
  /** The run's id; must be unique. */
  readonly owner: string
  readonly clock: () => Date
  /** The timer that belongs to the clock. Default `wait` of `@dwh/core`. */
  readonly wait?: Wait | undefined
  /** How long the lease lasts without being renewed. Default 2 min. */
  readonly ttlMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Called once if it is unknown whether a holder is gone, so that this call has to wait. */
  readonly onWait?: ((holder: LeaseHolder) => void) | undefined
}

export interface LeaseHolder {
  readonly owner: string
  /** ISO 8601, UTC. */
  readonly expiresAt: string
}

/**
 * The right to run. The lease prevents double work. Correctness does not depend on it, but on the condition of each
 * write of `etl.json`. A run that takes over a lease that was not released makes the old holder's writes fail: see
 * `clean`.
 */
export interface Lease {
  /** True when an earlier holder has not released it, and may still be asleep somewhere. */
  readonly takenOver: boolean
  /** Fires when the lease could not be renewed in time, or another run holds it. */
  readonly signal: AbortSignal
  /**
   * Checks that the lease still holds.
   * @throws DwhError CONFLICT once it is over, with `context.leaseOver`: a retry cannot succeed. It is over well before
   * another run may take it, unless the clocks differ
   */
  check(): void
  /** Releases the lease; safe to call twice. Never throws. */
  release(): Promise<void>
}

/** `_dwh/lock.json` */
interface Lock {
  readonly version: 1
  readonly owner: string
  /** As `processName` returns it. */
  readonly process: string
  readonly taken_at: string
  /** In the past once the lease is released. */
  readonly expires_at: string
  readonly released: boolean
}

const DEFAULT_TTL_MS = 2 * 60 * 1000
/** How often the lease is renewed during its lifetime. */
const RENEWALS = 3
/** The holder does nothing any more in the last part of the lifetime: this fraction of it, 1 / MARGIN. */
const MARGIN = 4
/**
 * The active leases of this process. A lease that could not be released, because the storage was gone, has no holder.
 */
const underWay = new Set<string>()
/** More than the number of runs that compete for the lease. */
const MOST_CONFLICTS = 20
/** How often the lease of another run is checked. */
const LOOK_MS = 500

/**
 * Takes the lease. Takes over at once a lease that has run out, or whose holder was a process of this machine that is
 * gone. For any other lease it waits until the lease runs out, or until the holder renews it: then another run is in
 * progress.
 * @throws DwhError CONFLICT when another run is in progress; ABORTED; and the store's errors
 */
export async function takeLease(store: ObjectStore, options: LeaseOptions): Promise<Lease> {
  const { owner, clock, wait = waitByTimer, signal, onWait, ttlMs = DEFAULT_TTL_MS } = options
  let waitedFor: { readonly etag: string; readonly since: number } | undefined
  for (let conflicts = 0; ; ) {
    throwIfAborted(signal, LEASE_KEY)
    const found = await readLock(store)
    const held = found && parseLock(found.body)
    const free = !held || held.released
    // measured by our own clock, too: the holder's clock may be wrong
    const outwaited = waitedFor !== undefined && clock().getTime() - waitedFor.since > ttlMs
    if (held && !free && !isOver(held, clock()) && !(outwaited && waitedFor?.etag === found?.etag)) {
      const renewed = waitedFor !== undefined && waitedFor.etag !== found?.etag
      if (renewed || whereIs(held.process) === 'here') throw busy(held)
      if (!waitedFor) {
        waitedFor = { etag: found?.etag ?? '', since: clock().getTime() }
        onWait?.({ owner: held.owner, expiresAt: held.expires_at })
      }
      await wait(LOOK_MS, signal)
      continue
    }
    const takenAt = clock()
    // before the write: another run of this process may read the lock before the store has answered
    underWay.add(owner)
    let write: Held | null = null
    try {
      write = await holdLease(store, { owner, takenAt, ttlMs }, found?.etag ?? null)
    } finally {
      if (!write) underWay.delete(owner)
    }
    if (write) return openLease(store, write, { owner, takenAt, ttlMs, clock, wait, takenOver: !free })
    conflicts += 1
    if (conflicts === MOST_CONFLICTS) throw refused(store.url)
    await wait(LOOK_MS / MOST_CONFLICTS, signal)
  }
}

interface Holding {
  readonly owner: string
  readonly takenAt: Date
  readonly ttlMs: number
}

interface Opening extends Holding {
  readonly clock: () => Date
  readonly wait: Wait
  readonly takenOver: boolean
}

interface Held {
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Writes the lock if it still has this ETag; null otherwise. */
async function holdLease(
  store: ObjectStore,
  { owner, takenAt, ttlMs }: Holding,
  etag: string | null,
  { now = takenAt, released = false }: { readonly now?: Date; readonly released?: boolean } = {},
): Promise<Held | null> {
  const expiresAt = now.getTime() + (released ? 0 : ttlMs)
  const lock: Lock = {
    version: 1,
    owner,
    process: processName(),
    taken_at: takenAt.toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    released,
  }
  const body = new TextEncoder().encode(`${JSON.stringify(lock, null, 2)}\n`)
  try {
    const stored = await store.put(LEASE_KEY, body, etag === null ? { ifAbsent: true } : { ifMatch: etag })
    return { etag: stored.etag, expiresAt }
  } catch (error) {
    if (isDwhError(error, 'CONFLICT')) return null
    throw error
  }
}

function openLease(store: ObjectStore, first: Held, { clock, wait, takenOver, ...holding }: Opening): Lease {
  const { owner, ttlMs } = holding
  const controller = new AbortController()
  const renewals = new AbortController()
  let held = first
  let over: DwhError | undefined
  let released = false

  function end(why: string): DwhError {
    renewals.abort()
    over ??= new DwhError('CONFLICT', `run ${owner}: ${why}`, {
      hint: 'This run writes nothing more. Run again; `dwh status` shows what was published.',
      context: { leaseOver: true },
    })
    controller.abort(over)
    return over
  }

  function check(): void {
    if (over) throw over
    if (!released && clock().getTime() > held.expiresAt - ttlMs / MARGIN)
      throw end('its lease has run out: the process slept, or the storage did not answer')
  }

  /** Reads the lock if it is ours. After a renewal whose answer was lost, it has a new ETag and is still ours. */
  async function ownLease(): Promise<Held | null> {
    const found = await store.get(LEASE_KEY)
    const lock = found && parseLock(found.body)
    return found && lock?.owner === owner && !lock.released
      ? { etag: found.etag, expiresAt: Date.parse(lock.expires_at) }
      : null
  }

  let renewing = Promise.resolve()
  async function renew(): Promise<void> {
    try {
      check()
      const renewed = (await holdLease(store, holding, held.etag, { now: clock() })) ?? (await ownLease())
      if (renewed) held = renewed
      else end('another run has taken over its lease')
    } catch {
      // the next renewal tries again, or `check` throws when time is up
    }
  }
  async function keepRenewing(): Promise<void> {
    for (;;) {
      // a lease alone does not keep the process running
      await wait(ttlMs / RENEWALS, renewals.signal, { ref: false })
      if (renewals.signal.aborted) return
      renewing = renewing.then(renew)
    }
  }
  void keepRenewing()

  return {
    takenOver,
    signal: controller.signal,
    check,
    async release() {
      if (released) return
      released = true
      renewals.abort()
      await renewing
      if (!over) await holdLease(store, holding, held.etag, { now: clock(), released: true }).catch(() => {})
      underWay.delete(owner)
    },
  }
}

/** Wraps a store so that its writes fail once the lease is over. */
export function whileHeld(store: ObjectStore, lease: Pick<Lease, 'check'>): ObjectStore {
  return wrapStore(store, {
    async put(...args) {
      lease.check()
      return store.put(...args)
    },
    async putFile(...args) {
      lease.check()
      return store.putFile(...args)
    },
    async copy(...args) {
      lease.check()
      return store.copy(...args)
    },
    async delete(...args) {
      lease.check()
      return store.delete(...args)
    },
  })
}

/** Reads the lock. Null also for a lock whose value is lost, as in a copied folder: it has no holder. */
async function readLock(store: ObjectStore): Promise<StoredObject | null> {
  return store.get(LEASE_KEY).catch((error) => {
    if (isDwhError(error, 'DAMAGED')) return null
    throw error
  })
}

/** Parses a lock. Null for any other content: it has no holder. */
function parseLock(body: Uint8Array): Lock | null {
  try {
    const { owner, process, expires_at, released, taken_at } = JSON.parse(new TextDecoder().decode(body))
    if (Number.isNaN(Date.parse(expires_at))) return null
    return { version: 1, owner: String(owner), process: String(process), taken_at, expires_at, released }
  } catch {
    return null
  }
}

function isOver({ owner, process, expires_at }: Lock, now: Date): boolean {
  const ended = process === processName() ? !underWay.has(owner) : whereIs(process) === 'gone'
  return ended || Date.parse(expires_at) <= now.getTime()
}

function busy({ owner, taken_at, expires_at }: Lock): DwhError {
  return new DwhError('CONFLICT', `another run is in progress: ${owner}, since ${taken_at}`, {
    hint: `Wait for it to finish, or stop it. It holds the lease until ${expires_at}, and keeps renewing it.`,
    context: { owner },
  })
}

function refused(url: string): DwhError {
  return new DwhError('CONFLICT', `${url}: could not acquire the lease: it keeps changing`, {
    hint: 'Many runs compete for it, or the storage returns stale reads. Run again later.',
  })
}
