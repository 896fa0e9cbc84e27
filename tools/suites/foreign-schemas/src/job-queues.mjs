// Fills two databases with tables and jobs of two published job queues. Runs in the folder where they are installed.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(`${process.cwd()}/package.json`))
const PgBoss = require('pg-boss')
const { makeWorkerUtils } = require('graphile-worker')
const [bossUrl, workerUrl] = process.argv.slice(2)

const boss = new PgBoss({ connectionString: bossUrl })
await boss.start()
await boss.createQueue('mail')
for (let n = 0; n < 500; n += 1) await boss.send('mail', { to: `user ${n}`, n }, { priority: n % 5, startAfter: n % 7 })
const jobs = await boss.fetch('mail', { batchSize: 50 })
for (const { id } of jobs.slice(0, 30)) await boss.complete('mail', id, { ok: true })
await boss.fail(
  'mail',
  jobs.slice(30, 35).map(({ id }) => id),
  { why: 'refused' },
)
await boss.schedule('mail', '0 3 * * *', { nightly: true })
await boss.stop({ graceful: false })

const worker = await makeWorkerUtils({ connectionString: workerUrl })
await worker.migrate()
for (let n = 0; n < 300; n += 1) {
  const options = {
    priority: n % 4,
    ...(n % 2 ? { queueName: `queue ${n % 5}` } : {}),
    ...(n % 10 ? {} : { jobKey: `key ${n}` }),
  }
  await worker.addJob(`task ${n % 3}`, { n }, options)
}
await worker.release()
process.exit(0)
