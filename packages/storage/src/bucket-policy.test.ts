import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { bucketPolicy } from './index.ts'

test('the policy of the documentation is the one that is printed', async () => {
  const page = await readFile(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
  const [, block = ''] = /```json\n([^`]*"Statement"[^`]*)```/.exec(page) ?? []
  expect(JSON.parse(block)).toEqual(JSON.parse(bucketPolicy({ bucket: 'bucket', prefix: 'prefix' })))
})

test('a bucket of its own has all of its objects', () => {
  expect(bucketPolicy({ bucket: 'b' })).toContain('"arn:aws:s3:::b/*"')
  expect(bucketPolicy({ bucket: 'b', prefix: '' })).not.toContain('//*')
})
