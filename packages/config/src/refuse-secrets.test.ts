import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { describe, expect, test } from 'vitest'
import { type ConfigFlags, loadConfig } from './load-config.ts'

const SECRET = 's3cr3t/Pa55'

async function failure(env: Record<string, string>, yaml = '', flags: ConfigFlags = {}): Promise<Error> {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'dwh.yaml'), yaml)
  const error = await loadConfig(flags, { env, cwd, home: '/home/me', tmp: '/tmp' }).catch((error) => error)
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.any(String) })
  return error
}

/** Expects no part of the secret in the message or the hint. */
function expectSilence(error: Error): void {
  const said = JSON.stringify([error.message, (error as Error & { hint: string }).hint])
  for (const part of [SECRET, 's3cr3t', 'Pa55', 'AKIAKEY']) expect(said).not.toContain(part)
}

describe('connection string in another setting: refused with the name of the setting, without the value', () => {
  test.each([
    ['DWH_STORAGE', `s3://AKIAKEY:${SECRET}@bucket`],
    ['DWH_STORAGE', `AKIAKEY:${SECRET}@bucket`],
    ['DWH_STORAGE', `s3:/AKIAKEY:${SECRET}@bucket`],
    ['DWH_STORAGE', `postgres://me:${SECRET}@db/app`],
    ['DWH_STORAGE', `host=db password=${SECRET}`],
    ['DWH_STORAGE', `https://minio/?password=${SECRET}`],
    ['S3_BUCKET', `AKIAKEY:${SECRET}@bucket`],
    ['S3_ENDPOINT', `https://AKIAKEY:${SECRET}@host`],
    ['S3_REGION', `AKIAKEY:${SECRET}@eu`],
    ['S3_CA_FILE', `postgres://me:${SECRET}@db/app`],
    ['S3_CHECKSUM', SECRET],
    ['DWH_CONFIG', `postgres://me:${SECRET}@db/app`],
    ['DWH_TIMEZONE', `postgres://me:${SECRET}@db/app`],
    ['DWH_TMP', `postgres://me:${SECRET}@db/app`],
    ['DWH_CACHE', `postgres://me:${SECRET}@db/app`],
    ['DWH_PARALLEL', SECRET],
    ['DWH_VERIFY', SECRET],
    ['DWH_EXTRACT', SECRET],
    ['DWH_LOCK_TIMEOUT', SECRET],
    ['DWH_SCHEDULE', `https://hooks.example.com/?token=${SECRET}`],
    ['DWH_LISTEN', `postgres://me:${SECRET}@db/app`],
    ['DWH_KEEP_DAILY', SECRET],
  ])('%s=%s', async (name, value) => {
    const error = await failure({ [name]: value, ...(name === 'S3_BUCKET' ? {} : { S3_BUCKET: 'bucket' }) })
    expectSilence(error)
    expect(error.message).toContain(name)
  })

  test.each(['storage', 'timezone', 'parallel', 'config'] as const)('--%s', async (flag) => {
    const error = await failure({}, '', { [flag]: `s3://AKIAKEY:${SECRET}@bucket` })
    expectSilence(error)
    expect(error.message).toContain(`--${flag}`)
  })
})

describe('mistake in a file beside a secret: the error names the line, without its content', () => {
  test.each([
    [`storage: "s3://AKIAKEY:${SECRET}@bucket"`, /dwh\.yaml:1: storage/],
    [`s3: { endpoint: "https://AKIAKEY:${SECRET}@host" }`, /dwh\.yaml:1: s3\.endpoint/],
    [`s3: { encryption: "${SECRET}" }`, /dwh\.yaml:1: s3\.encryption: expected "AES256" or/],
    [`verify: "${SECRET}"`, /dwh\.yaml:1: verify: expected/],
    [`tables: { t: { extract: "${SECRET}" } }`, /dwh\.yaml:1: tables\.t\.extract: expected/],
    [`source: ["${SECRET}"]`, /dwh\.yaml:1: source: expected string/],
    [`schedule: { retries: "${SECRET}" }`, /dwh\.yaml:1: schedule\.retries/],
    [`s3:\n  postgres://me:${SECRET}@db/app: x`, /dwh\.yaml:2: unknown key$/],
    [`source: *${SECRET}`, /dwh\.yaml.*: not YAML: an alias/],
    [`source: |${SECRET}\n  x`, /dwh\.yaml:1: not YAML/],
    [`source: "\\${SECRET}"`, /dwh\.yaml:1: not YAML/],
    [`source: 'x' ${SECRET}`, /dwh\.yaml:1: not YAML/],
    [`source: "${SECRET}`, /dwh\.yaml:\d: not YAML/],
    [`source: [${SECRET}`, /dwh\.yaml:\d: not YAML/],
    [`source: @${SECRET}`, /dwh\.yaml:1: not YAML/],
    [`source: %${SECRET}`, /dwh\.yaml:1: not YAML/],
    [`%${SECRET}\n---\n@x: y`, /dwh\.yaml:\d: not YAML/],
    [`- ${SECRET}\nsource: x`, /dwh\.yaml:\d: not YAML/],
    [SECRET, /the file: expected/],
  ])('%j', async (yaml, message) => {
    const error = await failure({}, yaml)
    expectSilence(error)
    expect(error.message).toMatch(message)
  })
})

test('secrets in the settings meant for them, names with odd characters: accepted', async () => {
  const cwd = await temporaryFolder()
  await writeFile(
    join(cwd, 'dwh.yaml'),
    `source: "postgres://me:x@db/app"\nstorage: "./a:b@c"\ninclude: ["a:b@c"]\ns3: { access_key_id: a, secret_access_key: "k:v@w" }\nschedule: { webhook: "https://u:p@hooks/?token=x" }\ntables: { "a:b@c": { where: "password='x'" } }\n`,
  )
  const config = await loadConfig({}, { env: {}, cwd, home: '/home/me', tmp: '/tmp' })
  expect(config.storage).toBe(join(cwd, 'a:b@c'))
  expect(config.schedule.webhook).toContain('token=x')
})
