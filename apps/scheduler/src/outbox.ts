import { setTimeout as sleep } from 'node:timers/promises'
import type { Alert } from './alerts.ts'
import type { Log } from './log.ts'
import type { Delivery } from './webhook.ts'

export interface OutboxOptions {
  readonly deliver: (alert: Alert) => Promise<Delivery>
  readonly log: Log
  readonly clock: () => Date
  /** Gives up what is still to be sent. */
  readonly signal: AbortSignal
  readonly retryMs?: number
}

export interface Outbox {
  put(alert: Alert): void
  /** Resolves once nothing is left to be sent. */
  empty(): Promise<void>
}

/** What broke a run may have cut off the webhook, too. */
const RETRY_MS = 2 * 60_000
const KEPT_MS = 24 * 3_600_000
const MOST_ALERTS = 100

/** Sends alerts one after the other, in their order. One that cannot be delivered is tried again every two minutes for a day; one that is refused is not. Of more than a hundred that wait, the oldest is dropped. */
export function makeOutbox({ deliver, log, clock, signal, retryMs = RETRY_MS }: OutboxOptions): Outbox {
  const alerts: { readonly alert: Alert; readonly since: Date }[] = []
  let sending: Promise<void> = Promise.resolve()
  let busy = false

  async function send(): Promise<void> {
    busy = true
    for (let first = alerts.shift(); first !== undefined && !signal.aborted; first = alerts.shift()) {
      const { alert, since } = first
      const { problem, refused } = await deliver(alert)
      if (problem === null) continue
      const old = clock().getTime() - since.getTime() > KEPT_MS
      const again = !refused && !old && alerts.length < MOST_ALERTS
      log('error', `alert not delivered: ${problem}`, { alert: alert.kind, again })
      if (!again) continue
      alerts.unshift(first)
      await sleep(retryMs, undefined, { signal }).catch(() => {})
    }
    busy = false
  }

  return {
    put(alert) {
      const dropped = alerts.length === MOST_ALERTS ? alerts.shift() : undefined
      if (dropped)
        log('error', `alert not delivered: ${MOST_ALERTS} others wait`, { alert: dropped.alert.kind, again: false })
      alerts.push({ alert, since: clock() })
      if (!busy) sending = send()
    },
    empty: () => sending,
  }
}
