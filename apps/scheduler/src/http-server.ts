import { once } from 'node:events'
import type { Server } from 'node:http'
import { DwhError } from '@dwh/core'
import type { Health } from './health.ts'
import { nodeHttp } from './node-http.ts'
import type { ListenAddress } from './settings.ts'

export interface Pages {
  readonly health: () => Health
  readonly ready: () => Health
  readonly metrics: () => string
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/**
 * Serves `/healthz`, `/readyz` (200, or 503 with the reason) and `/metrics`. Read-only.
 * @throws DwhError CONFIG_INVALID if it cannot listen on that address
 */
export async function serve({ host, port }: ListenAddress, pages: Pages): Promise<Server> {
  const server = nodeHttp().createServer((request, response) => {
    const answer = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    const health = ({ ok, message }: Health) => answer(ok ? 200 : 503, TEXT_TYPE, `${message}\n`)
    const path = request.url?.replace(/\?.*/, '')
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, TEXT_TYPE, 'only GET\n')
    else if (path === '/healthz') health(pages.health())
    else if (path === '/readyz') health(pages.ready())
    else if (path === '/metrics') answer(200, METRICS_TYPE, pages.metrics())
    else answer(404, TEXT_TYPE, '/healthz, /readyz, /metrics\n')
  })
  server.listen(host === null ? { port } : { host, port })
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new DwhError('CONFIG_INVALID', `schedule.listen: ${(cause as Error).message}`, {
      cause,
      hint: 'Free the port, or set DWH_LISTEN to another, or to off.',
    })
  }
  // for example no free file descriptors: a later request may succeed
  server.on('error', () => {})
  return server
}
