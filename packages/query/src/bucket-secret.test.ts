import { expect, test } from 'vitest'
import { bucketSecretSql } from './bucket-secret.ts'

test.each([
  [{}, `REGION '<region>', URL_STYLE 'vhost'`],
  [{ region: 'eu-central-2' }, `REGION 'eu-central-2', URL_STYLE 'vhost'`],
  [
    { endpoint: 'http://localhost:9000/' },
    `REGION 'us-east-1', ENDPOINT 'localhost:9000', USE_SSL false, URL_STYLE 'path'`,
  ],
  [
    { endpoint: 'https://s3.example.com', region: 'x', pathStyle: false },
    `REGION 'x', ENDPOINT 's3.example.com', USE_SSL true, URL_STYLE 'vhost'`,
  ],
])('secret for a bucket: settings %j', (access, parameters) => {
  const scope = `s3://bucket/it's`
  expect(bucketSecretSql({ scope, ...access, anonymous: true })).toEqual([
    `CREATE SECRET IF NOT EXISTS dwh (TYPE s3, SCOPE 's3://bucket/it''s', ${parameters});`,
  ])
  const lines = bucketSecretSql({ scope, ...access })
  expect(lines.every((line) => line.startsWith('-- '))).toBe(true)
  expect(lines.map((line) => line.replace(/^--\s+/, '')).join(' ')).toContain(
    `${parameters}, KEY_ID '<access key ID>', SECRET '<secret access key>' );`,
  )
})

test('secret for a bucket: a temporary key needs its token, too', () => {
  expect(bucketSecretSql({ scope: 's3://bucket', sessionToken: true }).join('\n')).toContain(
    `SESSION_TOKEN '<session token>'`,
  )
})
