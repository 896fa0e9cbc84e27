import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** What a chat would show. */
export interface Message {
  readonly text: string
  readonly attachments: readonly { readonly text: string; readonly fields: readonly { readonly value: string }[] }[]
}

export interface WebhookReceiver {
  readonly url: string
  readonly messages: Message[]
  stop(): Promise<void>
}

/** Takes what is posted to it, as a chat's webhook does. */
export async function webhookReceiver(): Promise<WebhookReceiver> {
  const messages: Message[] = []
  const server = createServer((request, response) => {
    json(request).then(
      (message) => {
        messages.push(message as Message)
        response.end('ok')
      },
      () => response.writeHead(400).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    messages,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}
