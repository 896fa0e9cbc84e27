import { setTimeout as sleep } from 'node:timers/promises'
import type { Alert } from './alerts.ts'
import type { Log } from './log.ts'
import type { Delivery } from './webhook.ts'

export interface OutboxOptions {
  readonly deliver: (alert: Alert) => Promise<Delivery>
  readonly log: Log
  readonly clock: () => Date
  /** Drops the alerts that are not sent yet. */
  readonly signal: AbortSignal
  readonly retryMs?: number
}

export interface Outbox {
  put(alert: Alert): void
  /** Resolves once every alert is sent or dropped. */
  empty(): Promise<void>
}

/** The cause of a failed run may also block the webhook, so delivery is retried after this delay. */
const RETRY_MS = 2 * 60_000
const KEPT_MS = 24 * 3_600_000
const MOST_ALERTS = 100

/**
 * Sends alerts one after the other, in order. An alert that cannot be delivered is retried every two minutes for a day,
 * unless the webhook refuses it. At most a hundred alerts wait; then the oldest is dropped.
 */
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
        log('error', `alert not delivered: ${MOST_ALERTS} others are waiting`, {
          alert: dropped.alert.kind,
          again: false,
        })
      alerts.push({ alert, since: clock() })
      if (!busy) sending = send()
    },
    empty: () => sending,
  }
}
