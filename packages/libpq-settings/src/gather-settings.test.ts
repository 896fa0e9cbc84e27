import { expect, test } from 'vitest'
import { type ConnectionInput, gatherSettings } from './gather-settings.ts'
import { refusalOf, testEnvironment } from './test-support.ts'

type Given = Parameters<typeof testEnvironment>[0]

const gather = (input: ConnectionInput, environment: Given = {}) =>
  Object.fromEntries(
    [...gatherSettings(input, testEnvironment(environment))].map(([keyword, setting]) => [keyword, setting.value]),
  )

const HOME_FILE = '/home/me/.pg_service.conf'

test('precedence: input, then service, then environment', () => {
  const environment = {
    env: { PGHOST: 'env', PGUSER: 'env', PGPORT: '3', PGSERVICE: 'other' },
    files: { [HOME_FILE]: '[sales]\nhost=file\nuser=file\n[other]\nhost=no\n' },
  }
  expect(gather('service=sales host=input', environment)).toEqual({
    service: 'sales',
    host: 'input',
    user: 'file',
    port: '3',
  })
  expect(gather('postgres://input?service=sales', environment)).toEqual(gather('service=sales host=input', environment))
  expect(gather({ service: 'sales', host: 'input' }, environment)).toEqual(
    gather('service=sales host=input', environment),
  )
})

test('empty value: in a string it hides the environment, among keywords it does not', () => {
  const env = { PGHOST: 'env' }
  expect(gather("host=''", { env })).toEqual({ host: '' })
  expect(gather({ host: '', port: 1, user: undefined, dbname: null }, { env })).toEqual({ host: 'env', port: '1' })
})

test('variables: each is read, and PGSSLMODE overrides the old PGREQUIRESSL', () => {
  const env = { PGHOSTADDR: '::1', PGDATABASE: 'd', PGAPPNAME: 'a', PGOPTIONS: '-c x=1', PGSSLNEGOTIATION: 'direct' }
  const read = { hostaddr: '::1', dbname: 'd', application_name: 'a', options: '-c x=1', sslnegotiation: 'direct' }
  expect(gather('', { env })).toEqual(read)
  expect(gather('', { env: { PGREQUIRESSL: '1' } })).toEqual({ sslmode: 'require' })
  expect(gather('', { env: { PGREQUIRESSL: '1', PGSSLMODE: 'allow' } })).toEqual({ sslmode: 'allow' })
})

test('unknown keyword in an object: the error names it', () => {
  expect(refusalOf(() => gather({ database: 'x' } as ConnectionInput))).toMatch(/"database".*Write dbname/)
})

test('password in place of a name: refused, password not repeated', () => {
  for (const input of [
    'host=db;password=Hunter2',
    'host= password=Hunter2',
    'user=me dbname= sslpassword=Hunter2',
    'host=db&password=Hunter2',
    { dbname: 'postgres://me:Hunter2@db' },
    { host: 'db,pwd=Hunter2' },
    { user: 'me\0Hunter2' },
  ]) {
    expect(refusalOf(() => gather(input))).not.toContain('Hunter2')
  }
  expect(refusalOf(() => gather('', { env: { PGDATABASE: 'postgresql://me:Hunter2@db' } }))).toMatch(/^PGDATABASE/)
})

test.each([
  ['PGHOST', 'me:s3cr3t@db'],
  ['PGUSER', 'me:s3cr3t@db'],
  ['PGDATABASE', 's3://KEY:s3cr3t@bucket'],
  ['PGSERVICE', 'https://me:s3cr3t@db'],
  ['PGOPTIONS', 'me:s3cr3t@db'],
  ['PGAPPNAME', 'postgres://me:s3cr3t@db'],
])('%s with a user and a password: refused, and not repeated', (name, value) => {
  const refusal = refusalOf(() => gather({}, { env: { [name]: value } }))
  expect(refusal).toContain(name)
  expect(refusal).not.toContain('s3cr3t')
})
