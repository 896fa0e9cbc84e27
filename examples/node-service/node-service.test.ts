import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Child, freePort, startChild, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('.', import.meta.url))

/** Builds the program as `npm run build` does. */
async function built(): Promise<string> {
  const outDir = await mkdtemp(join(folder, '.built-'))
  onTestFinished(() => rm(outDir, { recursive: true, force: true }))
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  await run(process.execPath, [tsc, '--project', folder, '--outDir', outDir]).catch((error) => {
    throw new Error(error.stdout)
  })
  return join(outDir, 'service.js')
}

/** Starts an API of two pages; `fail` sets the status of the second. */
async function ratesApi(): Promise<{ url: string; fail(status: number): void }> {
  let status = 200
  const server = createServer(({ url }, response) => {
    const second = url === '/2'
    const rates = second ? [['USD', '2026-11-21', '0.900000']] : [['EUR', '2026-11-21', '1']]
    const next = second ? null : `http://127.0.0.1:${(server.address() as AddressInfo).port}/2`
    response.writeHead(second ? status : 200).end(JSON.stringify({ rates, next }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/1`,
    fail: (wanted) => {
      status = wanted
    },
  }
}

async function start(env: Record<string, string>): Promise<{ child: Child; ask(path: string): Promise<Response> }> {
  const database = await testDatabase(`
    CREATE TABLE orders (id int PRIMARY KEY, amount numeric(10,2) NOT NULL, currency text NOT NULL);
    INSERT INTO orders VALUES (1, 10.50, 'EUR'), (2, 4.50, 'EUR'), (3, 20.00, 'USD')`)
  const port = await freePort()
  const place = {
    DATABASE_URL: database.url,
    WAREHOUSE: join(await temporaryFolder(), 'warehouse'),
    PORT: String(port),
  }
  const child = startChild(await built(), [], { env: { PATH: process.env.PATH, ...place, ...env } })
  return { child, ask: (path) => fetch(`http://127.0.0.1:${port}${path}`) }
}

async function until(child: Child, text: string): Promise<void> {
  while (!child.output().includes(text)) {
    if (child.process.exitCode !== null) throw new Error(child.output())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('service: copies both sources in one commit, answers, and ends cleanly', async () => {
  const { url } = await ratesApi()
  const { child, ask } = await start({ RATES_URL: url })
  await until(child, 'published')
  expect(child.output()).toMatch(/orders: 3 rows in \d+ ms\n/)
  expect(child.output()).toMatch(/published \S+, 2 tables\n/)
  expect(await (await ask('/revenue')).json()).toEqual([
    { currency: 'EUR', amount: 15, in_euros: 15 },
    { currency: 'USD', amount: 20, in_euros: 18 },
  ])
  expect((await ask('/')).status).toBe(404)
  child.process.kill('SIGTERM')
  expect(await child.ended, child.output()).toBe(0)
  expect(child.output()).toMatch(/ended\n$/)
})

test('API fails: nothing is published; the next run publishes both sources', async () => {
  const api = await ratesApi()
  api.fail(500)
  const { child, ask } = await start({ RATES_URL: api.url, EVERY_SECONDS: '0.2' })
  await until(child, 'failed: RUN_FAILED: rates: the API answers 500')
  const early = await ask('/revenue')
  expect([early.status, await early.text()]).toEqual([503, 'no run yet'])
  api.fail(200)
  await until(child, 'published')
  expect((await ask('/revenue')).status).toBe(200)
  child.process.kill('SIGTERM')
  expect(await child.ended, child.output()).toBe(0)
})

test('service stopped during a run: nothing is published, and everything is closed', async () => {
  // an API that never answers
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  const { child } = await start({ RATES_URL: `http://127.0.0.1:${port}/` })
  await until(child, 'orders: 3 rows')
  child.process.kill('SIGTERM')
  expect(await child.ended, child.output()).toBe(0)
  expect(child.output()).toMatch(/stopped\nended\n$/)
})
