import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** The text that a chat would show. */
export interface WebhookMessage {
  readonly text: string
  readonly attachments: readonly [{ readonly text: string; readonly fields: readonly [{ readonly value: string }] }]
}

export interface WebhookReceiver {
  readonly url: string
  /** The kinds of the received messages, in order. */
  readonly kinds: readonly string[]
  readonly messages: readonly WebhookMessage[]
  /** Resolves once it has received this. */
  received(kind: string): Promise<void>
}

/** Receives posts as a chat's webhook does, until the test has finished. */
export async function webhookReceiver(): Promise<WebhookReceiver> {
  const messages: WebhookMessage[] = []
  const kinds: string[] = []
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    const message = (await json(request)) as WebhookMessage
    messages.push(message)
    kinds.push(message.attachments[0].fields[0].value)
    response.end('ok')
    for (const look of waiting) look()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    kinds,
    messages,
    received: (kind) =>
      new Promise((resolve) => {
        const look = () => {
          if (!kinds.includes(kind)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
