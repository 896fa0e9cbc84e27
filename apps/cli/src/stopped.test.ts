import { readdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { startS3Server } from '@dwh/s3-server'
import { testDatabase } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Workplace, workplace } from './test-support.ts'

/** Starts a server that accepts connections and data, and never answers. */
async function silentServer(): Promise<{ server: Server; url: string }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` }
}

const BUCKET = { DWH_STORAGE: 's3://bucket/data', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }

/** Expects no file in the temporary folder, and no incomplete file in the cache. */
async function leavesNothing(place: Workplace): Promise<void> {
  expect(await readdir(place.temp)).toEqual([])
  const cached = await readdir(join(place.folder, '../home/.cache/dwh/files')).catch(() => [])
  expect(cached.filter((name) => !/\.parquet(\.used)?$/.test(name))).toEqual([])
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test.each(['status', 'history', 'tables', 'tables --as-of 2026-02-18', 'views', 'query SHOW', 'shell'])(
    'a bucket that does not answer: %s',
    async (command) => {
      const { server, url } = await silentServer()
      const place = await workplace({ ...BUCKET, S3_ENDPOINT: url })
      const finished = await place.dwh(command.split(' '), {
        input: null,
        onStart: (child) => {
          server.once('connection', (socket) => socket.once('data', () => child.kill(signal)))
        },
      })
      expect(finished).toEqual({ code: 1, stdout: '', stderr: 'error: s3://bucket/data: stopped\n' })
      await leavesNothing(place)
    },
  )

  test.each(['query -', 'query'])('stdin stays open: %s stops', async (command) => {
    const place = await workplace()
    const finished = await place.dwh(command.split(' '), {
      input: null,
      // more than a pipe holds: the write completes when the program reads stdin
      onStart: (child) => child.stdin?.write('-- '.padEnd(4 * 1024 * 1024), () => child.kill(signal)),
    })
    expect(finished).toEqual({ code: 1, stdout: '', stderr: 'error: query: stopped\n' })
    await leavesNothing(place)
  })

  test.each(['HeadObject', 'GetObject'])('bucket stops answering before %s of a file: stops', async (operation) => {
    const server = await startS3Server({ buckets: ['bucket'] })
    onTestFinished(() => server.close())
    const database = await testDatabase('CREATE TABLE orders AS SELECT 1 AS id')
    const { accessKeyId, secretAccessKey } = server.credential
    const place = await workplace({
      DATABASE_URL: database.url,
      DWH_STORAGE: 's3://bucket/data',
      S3_ENDPOINT: server.url,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    })
    expect((await place.dwh(['run'])).code).toBe(0)
    const hanging = server.script({
      when: (request) => request.operation === operation && request.key.endsWith('.parquet'),
      do: { hang: 'answer' },
    })
    const finished = await place.dwh(['query', 'FROM orders'], {
      onStart: (child) => void hanging.reached.then(() => child.kill(signal)),
    })
    expect(finished).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^error: .*: stopped\n$/) })
    await leavesNothing(place)
  })
})
