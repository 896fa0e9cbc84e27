import { nodeHttp } from './node-http.ts'
import type { ListenAddress } from './settings.ts'

const TIMEOUT_MS = 5_000

/** Requests `/healthz` from the scheduler on this machine. Returns the exit code for a container's health check. */
export async function checkHealth(listen: ListenAddress | null, say: (text: string) => void): Promise<number> {
  if (listen === null) {
    // a container with a health check is not unhealthy only because the server is off
    say('Health check skipped: DWH_LISTEN is off.\n')
    return 0
  }
  const host = listen.host === null || listen.host === '0.0.0.0' || listen.host === '::' ? 'localhost' : listen.host
  return new Promise((resolve) => {
    const answered = (code: number, text: string) => {
      say(text)
      resolve(code)
    }
    nodeHttp()
      .get({ host, port: listen.port, path: '/healthz', timeout: TIMEOUT_MS }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        response.once('end', () => answered(response.statusCode === 200 ? 0 : 1, body))
      })
      .once('timeout', function (this: { destroy(error: Error): void }) {
        this.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`))
      })
      .once('error', (error) => answered(1, `${error.message}\n`))
  })
}
