import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '@dwh/core'
import { getProxyForUrl } from 'proxy-from-env'
import type { Alert } from './alerts.ts'
import { nodeHttp, nodeHttps } from './node-http.ts'

const ATTEMPTS = 5
const FIRST_DELAY_MS = 1_000
const TIMEOUT_MS = 10_000
/** Lines that Slack shows of one message. */
const MOST_LINES = 20

const COLORS: Readonly<Record<Alert['kind'], string>> = {
  failed: 'danger',
  stale: 'danger',
  partial: 'warning',
  changed: 'warning',
  'proof-failed': 'danger',
  recovered: 'good',
  fresh: 'good',
}

/**
 * Formats an alert for Slack's incoming webhooks
 * (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). Mattermost, Rocket.Chat and Discord
 * (`/slack` at the end of its URL) accept the same format. The field `kind` is for programs.
 */
export function slackMessage({ kind, title, lines }: Alert): object {
  const shown =
    lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more`] : lines
  const body = shown.map(escaped).join('\n')
  return {
    text: `*dwh: ${escaped(title)}*`,
    attachments: [
      { color: COLORS[kind], text: body, fallback: body, fields: [{ title: 'kind', value: kind, short: true }] },
    ],
  }
}

/** Escapes a text, so that names of tables and messages of servers neither mention a channel nor make a link. */
function escaped(text: string): string {
  return printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

export interface Delivery {
  /** Why delivery failed, without the URL, which is a secret; null: delivered. */
  readonly problem: string | null
  /** The server refuses the message, so a retry does not help. */
  readonly refused: boolean
}

/** Statuses from 400 to 499 that do not concern the message: proxy authentication, timeout, too early, too many. */
const NOT_YET: readonly number[] = [407, 408, 425, 429]

/**
 * Sends JSON, up to five times, 1, 2, 4 and 8 s apart, until the server accepts it. A message that the server refuses
 * (a status of 400 to 499, except `NOT_YET`) is sent once. Never rejects.
 */
export async function postJson(
  url: URL,
  body: object,
  signal: AbortSignal,
  firstDelayMs: number = FIRST_DELAY_MS,
): Promise<Delivery> {
  for (let attempt = 1; ; attempt += 1) {
    const problem = await post(url, JSON.stringify(body), signal)
    if (problem === null) return { problem: null, refused: false }
    if (problem.final || attempt === ATTEMPTS || signal.aborted)
      return { problem: `${url.host} ${problem.message}`, refused: problem.final }
    await sleep(firstDelayMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => {})
  }
}

interface Problem {
  readonly message: string
  readonly final: boolean
}

async function post(url: URL, body: string, signal: AbortSignal): Promise<Problem | null> {
  const proxy = getProxyForUrl(url.href)
  // the proxy may hold a password, so the message does not show it
  if (proxy !== '' && !URL.canParse(proxy))
    return { message: 'cannot be reached: HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not a URL', final: false }
  const agent = proxy === '' ? undefined : await proxyAgent(proxy, url)
  return new Promise((resolve) => {
    const { request } = url.protocol === 'https:' ? nodeHttps() : nodeHttp()
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const failed = (error: Error) => resolve({ message: `does not answer: ${error.message}`, final: false })
    const sent = request(url, { method: 'POST', headers, agent, signal }, (response) => {
      const status = response.statusCode ?? 0
      response.resume().once('error', failed)
      response.once('end', () => {
        if (status < 300) resolve(null)
        else
          resolve({ message: `answers ${status}`, final: status >= 400 && status < 500 && !NOT_YET.includes(status) })
      })
    })
    const timer = setTimeout(() => sent.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS)
    sent
      .once('error', failed)
      .once('close', () => clearTimeout(timer))
      .end(body)
  })
}

async function proxyAgent(proxy: string, { protocol }: URL) {
  if (protocol === 'http:') return new (await import('http-proxy-agent')).HttpProxyAgent(proxy)
  return new (await import('https-proxy-agent')).HttpsProxyAgent(proxy)
}
