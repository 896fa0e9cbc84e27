import { type Context, LEASE } from './context.ts'
import { type LeasedPlace, type LeasePlace, type Move, move, type Place } from './places.ts'
import type { Warehouse } from './warehouse.ts'

/*
 * The lease on a store without conditional writes. A lock that was read as free is written at once; after a pause it is
 * read back, and only whose name is in it holds the lease. A lock that was written later than the pause is not written.
 */

/** Takes the lease, and then begins. */
export function moveLease(w: Warehouse, me: LeasePlace, owner: string, { has }: Context): Move[] {
  const { since = 0 } = me
  if (me.at === 'reads') {
    if (w.lock !== null && w.clock <= w.lock.at + LEASE) return []
    return [move('reads the lock: it is free', { ...me, at: 'writes', since: w.clock })]
  }
  if (me.at === 'writes') {
    if (w.clock > since)
      return [move('has taken too long, reads the lock again', { does: 'lease', at: 'reads', next: me.next })]
    const at = w.clock
    const lock = { owner, at }
    if (has('lock-not-read-back'))
      return [move('writes the lock', { does: 'leased', since: at, inner: me.next }, { lock })]
    return [move('writes the lock', { ...me, at: 'reads back', since: at }, { lock })]
  }
  // the pause
  if (w.clock === since && !has('lock-read-back-at-once')) return []
  const holds = w.lock?.owner === owner && w.lock.at === since
  const next: Place = holds ? { does: 'leased', since, inner: me.next } : { does: 'nothing', lost: true }
  return [move(`reads the lock back: ${holds ? 'holds the lease' : 'another run has it'}`, next)]
}

/**
 * The moves of an actor that holds the lease. Each write comes with a look at the clock, and lands before the lease is
 * over.
 */
export function moveLeased(w: Warehouse, me: LeasedPlace, moves: readonly Move[], { has }: Context): Move[] {
  const isOver = w.clock > me.since + LEASE
  if (me.inner.does === 'nothing') {
    // its place in the warehouse may be another's by now
    const lock = isOver ? w.lock : null
    return [move('gives the lease back', me.inner, { lock })]
  }
  return moves.map((each) => {
    const writes = Object.keys(each.changes).length > 0
    if (writes && isOver && !has('lease-not-checked'))
      return move('its lease is over: stops', { does: 'nothing', lost: true })
    return { ...each, me: { ...me, inner: each.me } }
  })
}
