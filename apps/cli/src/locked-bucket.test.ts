import { startS3Server } from '@dwh/s3-server'
import { seedDatabase } from '@dwh/seed'
import { testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { workplace } from './test-support.ts'

test('bucket with Object Lock: doctor and run name the setting; with it run, prune and query work', async () => {
  const publicRead = { deny: (action: string) => !['s3:GetObject', 's3:ListBucket'].includes(action) }
  const server = await startS3Server({ buckets: ['locked'], lockedBuckets: ['locked'], anonymous: publicRead })
  onTestFinished(() => server.close())
  const database = await testDatabase()
  await seedDatabase((sql) => database.query(sql))
  const place = await workplace({
    DATABASE_URL: database.url,
    DWH_STORAGE: 's3://locked/w',
    S3_ENDPOINT: server.url,
    AWS_ACCESS_KEY_ID: server.credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credential.secretAccessKey,
  })
  const advice = expect.stringContaining('S3_CHECKSUM=always')
  expect(await place.dwh(['doctor'])).toMatchObject({ code: 1, stdout: advice })
  expect(await place.dwh(['run'])).toMatchObject({ code: 1, stderr: advice })
  expect(server.objects('locked')).toEqual([])

  const env = { S3_CHECKSUM: 'always' }
  expect(await place.dwh(['doctor'], { env })).toMatchObject({ code: 0 })
  for (const date of ['2026-02-16', '2026-02-17', '2026-02-17'])
    expect(await place.dwh(['run', '--date', date, '--replace'], { env })).toMatchObject({ code: 0 })
  expect(await place.dwh(['prune', '--keep-daily', '1', '--yes'], { env })).toMatchObject({ code: 0 })

  // queries need no credentials
  const anonymous = { S3_ANONYMOUS: 'true', AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  const count = await place.dwh(['query', '--format', 'csv', 'SELECT count(*) AS n FROM customers'], { env: anonymous })
  expect(count).toEqual({ code: 0, stdout: 'n\n50\n', stderr: '' })
  expect(await place.dwh(['run'], { env: anonymous })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/without credentials\n {2}.*S3_ANONYMOUS/),
  })
})
