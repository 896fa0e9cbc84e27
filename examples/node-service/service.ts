import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDwhError } from '@dwh/core'
import { ask, copyTables, warehouse } from './warehouse.ts'

const { EVERY_SECONDS = '3600', PORT = '3000' } = process.env

const ending = new AbortController()
const { signal } = ending
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => ending.abort(name))

/** Runs at the start, and again EVERY_SECONDS after the end of each run. */
async function copyByTheClock(): Promise<void> {
  while (!signal.aborted) {
    console.log(await copyTables(signal))
    await sleep(Number(EVERY_SECONDS) * 1000, undefined, { signal }).catch(() => {})
  }
}

const REVENUE = `
  SELECT currency, sum(amount) AS amount, sum(amount * rate)::DECIMAL(18,2) AS in_euros
  FROM orders JOIN rates USING (currency) GROUP BY currency ORDER BY currency`

const server = createServer(async (request, response) => {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    if (request.url !== '/revenue') return void response.writeHead(404).end()
    const answer = await ask(REVENUE, gone.signal)
    if (answer === null) return void response.writeHead(503).end('no run yet')
    response.setHeader('content-type', 'application/json').end(answer)
  } catch (error) {
    response.writeHead(500).end(isDwhError(error) ? error.code : 'UNEXPECTED')
  }
})

const copying = copyByTheClock()
server.listen(Number(PORT))
if (!signal.aborted) await once(signal, 'abort')

// a run in progress ends without publishing and releases its lease and connections
server.close()
await copying
await warehouse.close()
console.log('ended')
