import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { bucketPolicy } from './index.ts'

test('bucketPolicy: as printed in the documentation', async () => {
  const page = await readFile(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
  const [, block = ''] = /```json\n([^`]*"Statement"[^`]*)```/.exec(page) ?? []
  expect(JSON.parse(block)).toEqual(JSON.parse(bucketPolicy({ bucket: 'bucket', prefix: 'prefix' })))
})

test('bucketPolicy: without a prefix, all objects of the bucket', () => {
  expect(bucketPolicy({ bucket: 'b' })).toContain('"arn:aws:s3:::b/*"')
  expect(bucketPolicy({ bucket: 'b', prefix: '' })).not.toContain('//*')
})
