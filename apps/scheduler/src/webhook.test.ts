import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { postJson, slackMessage } from './webhook.ts'

const SECRET = '/services/T000/B000/very-secret'

async function server(listener: RequestListener): Promise<{ server: Server; url: URL }> {
  const started = createServer(listener).listen(0, '127.0.0.1')
  await once(started, 'listening')
  onTestFinished(() => {
    started.closeAllConnections()
    started.close()
  })
  return { server: started, url: new URL(`http://127.0.0.1:${(started.address() as AddressInfo).port}${SECRET}`) }
}

/** Starts a server that answers with these statuses in turn; `bodies` are the requests that it received. */
async function answering(...statuses: number[]): Promise<{ url: URL; bodies: string[] }> {
  const bodies: string[] = []
  const { url } = await server(async (request, response) => {
    bodies.push(await text(request))
    response.writeHead(statuses.shift() ?? 200).end('ok')
  })
  return { url, bodies }
}

const never = new AbortController().signal

test('message accepted: sent once, as JSON', async () => {
  const { url, bodies } = await answering(200)
  expect(await postJson(url, { text: 'Grüezi' }, never)).toEqual({ problem: null, refused: false })
  expect(bodies).toEqual(['{"text":"Grüezi"}'])
})

test('server does not accept it: sent again', async () => {
  for (const statuses of [
    [500, 429, 503],
    [407, 408, 301],
  ]) {
    const { url, bodies } = await answering(...statuses)
    expect(await postJson(url, {}, never, 1)).toEqual({ problem: null, refused: false })
    expect(bodies).toHaveLength(4)
  }
})

test('server keeps failing: given up after five attempts, after one if refused; the secret is not shown', async () => {
  const down = await answering(500, 500, 500, 500, 500, 500)
  expect(await postJson(down.url, {}, never, 1)).toEqual({ problem: `${down.url.host} answers 500`, refused: false })
  expect(down.bodies).toHaveLength(5)
  const refusing = await answering(404)
  const { url: place } = refusing
  expect(await postJson(place, {}, never, 1)).toEqual({ problem: `${place.host} answers 404`, refused: true })
  expect(refusing.bodies).toHaveLength(1)
  const { server: gone, url } = await server(() => {})
  gone.close()
  const lost = await postJson(url, {}, never, 1)
  expect(lost).toEqual({ problem: expect.stringContaining('ECONNREFUSED'), refused: false })
  expect(lost.problem).not.toContain('very-secret')
})

test('server never answers: given up when the scheduler ends', async () => {
  const controller = new AbortController()
  const { url } = await server(() => controller.abort())
  expect(await postJson(url, {}, controller.signal, 1)).toMatchObject({ problem: expect.any(String) })
})

function setProxy(url: string): void {
  const before = process.env.http_proxy
  onTestFinished(() => {
    if (before === undefined) delete process.env.http_proxy
    else process.env.http_proxy = before
  })
  process.env.http_proxy = url
}

test('proxy is not a URL: reported without its password', async () => {
  setProxy('http://user:p#ss@proxy:3128')
  const { problem, refused } = await postJson(new URL('http://hooks.example.com/x'), {}, never, 1)
  expect(problem).toBe('hooks.example.com cannot be reached: HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not a URL')
  expect(refused).toBe(false)
})

test('proxy in the environment: used', async () => {
  const seen: string[] = []
  const proxy = await server((request, response) => {
    seen.push(request.url ?? '')
    response.end('ok')
  })
  setProxy(proxy.url.origin)
  await postJson(new URL('http://hooks.example.com/x'), {}, never, 1)
  expect(seen).toEqual(['http://hooks.example.com/x'])
})

test('table names: notify nobody, create no links, and do not break the line', () => {
  const message = slackMessage({ kind: 'changed', title: 'a < b', lines: ['<!channel> & "x"\n: empty', 'b'] })
  expect(message).toEqual({
    text: '*dwh: a &lt; b*',
    attachments: [
      {
        color: 'warning',
        text: '&lt;!channel&gt; &amp; "x"\\n: empty\nb',
        fallback: '&lt;!channel&gt; &amp; "x"\\n: empty\nb',
        fields: [{ title: 'kind', value: 'changed', short: true }],
      },
    ],
  })
})

test('a thousand lines: cut to 20', () => {
  const lines = Array.from({ length: 1000 }, (_, number) => `t${number}`)
  const { attachments } = slackMessage({ kind: 'changed', title: 't', lines }) as { attachments: [{ text: string }] }
  expect(attachments[0].text.split('\n').slice(-2)).toEqual(['t19', 'and 980 more'])
})
