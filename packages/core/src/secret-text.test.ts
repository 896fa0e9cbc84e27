import { describe, expect, test } from 'vitest'
import { hasCredentials, holdsSecret, looksLikeKey, secretsIn } from './secret-text.ts'

describe('texts with a secret', () => {
  test.each([
    ['postgres://u:s3cr3t@host/db', 's3cr3t'],
    ['postgres://u:s3cr3t%40x@host/db', 's3cr3t@x'],
    ['postgres://u:s3c/r3t@x@host/db', 's3c/r3t@x'],
    ['s3://KEY:s3c/r3t@bucket', 's3c/r3t'],
    ['KEY:s3cr3t@bucket', 'KEY:s3cr3t'],
    ['s3:/KEY:s3cr3t@bucket', 'KEY:s3cr3t'],
    ['host=x password=s3cr3t dbname=y', 's3cr3t'],
    [`host=x password = 's3c r3t' dbname=y`, 's3c r3t'],
    ['host=db;Password=s3cr3t;', 's3cr3t'],
    ['https://host/?password=s3cr3t&x=y', 's3cr3t'],
    ['postgres://host/db?sslpassword=s3cr3t', 's3cr3t'],
  ])('%s', (text, secret) => {
    expect(holdsSecret(text)).toBe(true)
    expect(secretsIn(text)).toContain(secret)
  })

  test.each([
    ['-c app.token=s3cr3t', 's3cr3t'],
    ['--app.key=s3cr3t -c x=y', 's3cr3t'],
    ['postgres://host/db?options=-c%20app.key%3Ds3cr3t', 's3cr3t'],
  ])('the options of a session: %s', (text, secret) => {
    expect(secretsIn(text)).toContain(secret)
  })
})

test.each([
  './warehouse',
  '/data/a:b@c',
  '../x:y@z',
  's3://bucket/prefix',
  'Europe/Zurich',
  '0 3 * * *',
  'https://s3.example.com:9000',
  '[::1]:8080',
  'arn:aws:kms:eu-west-1:111122223333:key/1234',
])('no secret: %s', (text) => {
  expect(hasCredentials(text)).toBe(false)
  expect(holdsSecret(text)).toBe(false)
  expect(secretsIn(text)).toEqual([])
})

test('secretsIn: a user without a password, none', () => {
  expect(secretsIn('postgres://reader@localhost/app')).toEqual([])
})

test('looksLikeKey: S3 keys, true', () => {
  for (const key of ['AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'])
    expect(looksLikeKey(key)).toBe(true)
  for (const name of ['bucket', 'warehouse-of-all-that-was-ever-sold-in-2026', 'eu-west-1', 'AKIA']) {
    expect(looksLikeKey(name)).toBe(false)
  }
})
