import { configOf } from '@dwh/config'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { openWarehouse } from '../index.ts'

const SECRET = 's3cr3t/Pa55'

async function failure(settings: Parameters<typeof openWarehouse>[0], env = {}): Promise<string> {
  const error = await openWarehouse(settings, { env }).catch((error) => error)
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.any(String) })
  return JSON.stringify([error.message, error.hint])
}

describe('a storage by its scheme', () => {
  test.each([
    ['gs://bucket/x', 'gs:// is not a supported kind of storage'],
    ['s3:/bucket/x', 's3:/ is not a supported kind of storage'],
    ['S3://bucket/x', 'S3:// is not a supported kind of storage'],
    ['file://host/share', 'File URL host'],
    ['ftp://host/x', 'ftp:// is not a supported kind of storage'],
    ['myscheme://x', 'this is not a supported kind of storage'],
  ])('%s: refused, with the supported kinds as hint', async (storage, message) => {
    const said = await failure(storage)
    expect(said).toContain(message)
    if (message.includes('no kind')) expect(said).toContain('the path of a folder, or s3://bucket/prefix, or https://')
  })

  test('path, file URL, bucket or web server: opened, with its URL', async () => {
    const cwd = await temporaryFolder()
    const urlOf = async (storage: string) => (await openWarehouse(storage, { cwd })).store.url
    expect(await urlOf('lake')).toBe(`${cwd}/lake`)
    expect(await urlOf('/a/b')).toBe('/a/b')
    expect(await urlOf('file:///a/b%20c')).toBe('/a/b c')
    expect(await urlOf('s3://bucket/some/prefix')).toBe('s3://bucket/some/prefix')
    expect(await urlOf('https://host/folder/')).toBe('https://host/folder')
  })
})

describe('the settings of a bucket', () => {
  test('access key id that is a secret key, half a key, or a KMS key without encryption: refused without the values', async () => {
    for (const [settings, env, message] of [
      [{ storage: 's3://bucket' }, { AWS_ACCESS_KEY_ID: SECRET }, 'access key id contains a /'],
      [
        { storage: 's3://bucket', s3: { access_key_id: SECRET, secret_access_key: 'x' } },
        {},
        'access key id contains a /',
      ],
      [{ storage: 's3://bucket', s3: { secret_access_key: SECRET } }, {}, 'must be set together'],
      [{ storage: 's3://bucket', s3: { kms_key_id: SECRET } }, {}, 'without encryption'],
      [{ storage: 's3://bucket', s3: { ca_file: 'not/there.pem' } }, {}, 'not/there.pem'],
    ] as const) {
      const said = await failure(settings, env)
      expect(said).toContain(message)
      for (const part of [SECRET, 's3cr3t', 'Pa55']) expect(said).not.toContain(part)
    }
  })
})

test('settings given by a program: win over the environment, which supplies the rest', async () => {
  const environment = {
    env: { DWH_TIMEZONE: 'Asia/Tokyo', DWH_PARALLEL: '7', S3_BUCKET: 'other', S3_REGION: 'eu-1' },
    cwd: '/w',
    home: '/h',
    tmp: '/t',
  }
  const config = await configOf(
    { storage: 's3://mine', timezone: 'Europe/Zurich', s3: { endpoint: 'https://here' } },
    environment,
  )
  expect(config).toMatchObject({ storage: 's3://mine', timezone: 'Europe/Zurich', parallel: 7, file: null })
  expect(config.s3).toEqual({ endpoint: 'https://here', region: 'eu-1' })
})
