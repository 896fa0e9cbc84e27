import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join, relative } from 'node:path'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { filesBelow, makeSandbox, type Sandbox } from '@dwh/harness'
import { startS3Server } from '@dwh/s3-server'
import { startFaultProxy, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { findSecrets } from './find-secrets.ts'

const secret = (name: string) => `c4n4ry-${name}/${randomBytes(6).toString('hex')}+"=\\'ü:@ %`

const SECRETS = {
  'password in DATABASE_URL': secret('url'),
  PGPASSWORD: secret('env'),
  'password file': secret('file'),
  'source of dwh.yaml': secret('yaml'),
  'AWS secret key': secret('key').replace(/[^ -~]/g, ''),
  'session token': secret('token')
    .replace(/[^!-~]/g, '')
    .replaceAll('"', ''),
  'S3 endpoint': secret('endpoint'),
  proxy: secret('proxy'),
  'wrong password': secret('wrong'),
  'in the wrong place': secret('misplaced'),
  'session option': `c4n4ry-option-${randomBytes(6).toString('hex')}`,
}
const encoded = Object.fromEntries(
  Object.entries(SECRETS).map(([name, text]) => [name, encodeURIComponent(text).replaceAll("'", '%27')]),
) as typeof SECRETS

/** Files that contain a secret on purpose. */
const GIVEN = ['home/.pgpass', 'work/passwords', 'work/dwh.yaml', 'work/other.yaml']

let calls = 0
let searched = 0

afterAll(() =>
  console.log(`${calls} calls, ${searched} outputs and files searched for ${Object.keys(SECRETS).length} secrets`),
)

function expectNone(where: string, bytes: Uint8Array | string): void {
  searched += 1
  expect(findSecrets(bytes, SECRETS), where).toEqual([])
}

/** Runs the program plainly, with `--json` and with `--debug`, and searches its output and all files. */
async function look(
  place: Sandbox,
  args: readonly string[],
  env: Record<string, string> = {},
  codes?: readonly number[],
) {
  for (const more of [['--debug'], ['--json', '--debug']]) {
    const ended = await place.dwh([...args, ...more], env)
    calls += 1
    expectNone(`stdout of ${args.join(' ')}`, ended.stdout)
    expectNone(`stderr of ${args.join(' ')}`, ended.stderr)
    if (codes) expect(codes, `${args.join(' ')}: ${ended.stderr}${ended.stdout}`).toContain(ended.code)
  }
  for (const path of await filesBelow(place.root)) {
    const name = relative(place.root, path)
    if (!GIVEN.includes(name)) expectNone(name, await readFile(path))
  }
}

const COMMANDS: readonly (readonly string[])[] = [
  ['plan'],
  ['run'],
  ['doctor'],
  ['init', '--print'],
  ['status'],
  ['tables'],
  ['history'],
  ['query', 'SELECT count(*) FROM t'],
  ['query', `SELECT * FROM duckdb_settings() UNION ALL SELECT current_setting('s3_secret_access_key'), '', '', '', ''`],
  ['query', 'SELECT * FROM duckdb_secrets()'],
  ['views'],
  ['extensions'],
  ['extensions', 'add', 'postgres', '--from', 'nowhere'],
  ['completion', 'bash'],
]

/** Makes a database with one role for each kind of password. */
async function house() {
  const database = await testDatabase(
    `CREATE TABLE t AS SELECT i, repeat(md5(i::text), 9) AS text FROM generate_series(1, 40000) i; ANALYZE`,
  )
  const { hostname, port } = new URL(database.url)
  const roles = {} as Record<keyof typeof SECRETS, string>
  for (const name of Object.keys(SECRETS) as (keyof typeof SECRETS)[]) {
    const role = `r_${randomBytes(6).toString('hex')}`
    await database.query(
      `CREATE ROLE ${role} LOGIN PASSWORD E'${SECRETS[name].replace(/[\\']/g, '\\$&')}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
    )
    onTestFinished(async () => void (await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    roles[name] = role
  }
  const url = (name: keyof typeof SECRETS, role = roles[name], at = port) =>
    `postgres://${role}:${encoded[name]}@${hostname}:${at}/${database.name}`
  return { database, hostname, port, roles, url }
}

test('extract: native, DuckDB cannot connect: no secret in output or files', async () => {
  const { database, url, roles } = await house()
  const extensions = { DWH_EXTENSIONS: await duckdbExtensions(), DWH_EXTRACT: 'native' }
  const place = await makeSandbox(await temporaryFolder(), extensions)
  const env = { DATABASE_URL: url('password in DATABASE_URL') }
  await look(place, ['run'], env, [0])
  await database.query(`ALTER ROLE ${roles['password in DATABASE_URL']} CONNECTION LIMIT 2`)
  await look(place, ['run'], env, [0, 1])
  await database.query(`ALTER ROLE ${roles['password in DATABASE_URL']} CONNECTION LIMIT -1`)
  const { hostname, port } = new URL(database.url)
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) })
  onTestFinished(() => proxy.close())
  const proxied = { DATABASE_URL: url('password in DATABASE_URL', undefined, String(proxy.port)) }
  for (const sees of ['SET TRANSACTION SNAPSHOT', 'FORMAT', 'pg_class']) {
    proxy.add({ does: 'close', sees, afterBytes: 2_000, times: Number.POSITIVE_INFINITY })
    await look(place, ['run'], proxied, [0, 1])
    proxy.heal()
  }
}, 300_000)

test('a warehouse in a folder, every way to give a password, every command, every failure: no secret in output or files', async () => {
  const { database, hostname, port, roles, url } = await house()
  const place = await makeSandbox(await temporaryFolder(), {})
  const viaUrl = { DATABASE_URL: url('password in DATABASE_URL') }
  await look(place, ['run'], viaUrl, [0])
  for (const args of COMMANDS) await look(place, args, viaUrl)

  // other ways to pass a password
  const base = { PGHOST: hostname, PGPORT: port, PGDATABASE: database.name }
  await look(place, ['run'], { ...base, PGUSER: roles.PGPASSWORD, PGPASSWORD: SECRETS.PGPASSWORD }, [0])
  const line = SECRETS['password file'].replace(/[\\:]/g, '\\$&')
  await writeFile(join(place.work, 'passwords'), `*:*:*:*:${line}\n`, { mode: 0o600 })
  await look(place, ['run'], { ...base, PGUSER: roles['password file'], PGPASSFILE: './passwords' }, [0])
  await writeFile(join(place.work, 'dwh.yaml'), `source: ${JSON.stringify(url('source of dwh.yaml'))}\n`)
  for (const args of COMMANDS) await look(place, args)
  const conninfo = `host=${hostname} port=${port} dbname=${database.name} user=${roles['source of dwh.yaml']} password='${SECRETS['source of dwh.yaml'].replace(/[\\']/g, '\\$&')}'`
  await writeFile(join(place.work, 'dwh.yaml'), `source: ${JSON.stringify(conninfo)}\n`)
  await look(place, ['run'], {}, [0])
  await rm(join(place.work, 'dwh.yaml'))

  // failures
  const fails = (env: Record<string, string>, codes = [1, 2]) => look(place, ['run'], env, codes)
  const wrong = url('wrong password', roles.PGPASSWORD)
  await fails({ DATABASE_URL: wrong })
  await look(place, ['doctor'], { DATABASE_URL: wrong })
  await look(place, ['init', '--print'], { DATABASE_URL: wrong })
  await fails({ DATABASE_URL: url('password in DATABASE_URL', undefined, '1') })
  await fails({ DATABASE_URL: viaUrl.DATABASE_URL.replace(hostname, 'no-such-host.invalid') })
  await fails({ DATABASE_URL: `${viaUrl.DATABASE_URL}?sslmode=verify-full` })
  await fails({ DATABASE_URL: `${viaUrl.DATABASE_URL}?sslmode=nonsense` })
  await fails({ DATABASE_URL: viaUrl.DATABASE_URL.replace('postgres://', 'mysql://') })
  await fails({ DATABASE_URL: viaUrl.DATABASE_URL.replace('%', '%zz') })
  await fails({ DATABASE_URL: `postgres://u:${SECRETS['wrong password']}@${hostname}:${port}/x` })
  await fails({ DATABASE_URL: `host=${hostname} password='${SECRETS['wrong password'].replaceAll('\\', '')}` })
  await look(place, ['run', '--source', wrong], {}, [1, 2])
  await writeFile(
    join(place.work, 'other.yaml'),
    `sourc: ${JSON.stringify(wrong)}\nsource: [${JSON.stringify(wrong)}]\n`,
  )
  await look(place, ['run', '--config', 'other.yaml'], {}, [2])
  await database.query(`REVOKE SELECT ON t FROM ${roles['password in DATABASE_URL']}`)
  await fails(viaUrl)
  await database.query(`GRANT SELECT ON t TO ${roles['password in DATABASE_URL']}`)
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) })
  onTestFinished(() => proxy.close())
  const proxied = { DATABASE_URL: url('password in DATABASE_URL', undefined, String(proxy.port)), DWH_EXTRACT: 'copy' }
  proxy.add({ does: 'reset', sees: 'COPY (', afterBytes: 10_000, times: Number.POSITIVE_INFINITY })
  await fails(proxied)
  proxy.heal()
  proxy.add({ does: 'close', afterBytes: 20, times: Number.POSITIVE_INFINITY })
  await fails(proxied)
  await fails({ ...viaUrl, DWH_TMP: '/dev/null/x' })
  await fails({ ...viaUrl, DWH_MEMORY_LIMIT: '1MB' }, [0, 1, 2])
  await database.query(`CREATE TABLE odd AS SELECT 'NaN'::numeric(4,1) AS n; GRANT SELECT ON odd TO PUBLIC`)
  await fails(viaUrl)
  await writeFile(join(place.work, 'other.yaml'), `tables: { t: { where: "text = 'x' AND nonsense" } }\n`)
  await look(place, ['run', '--config', 'other.yaml'], viaUrl, [1])
}, 600_000)

/** Where a user may put a whole connection string by mistake. */
const WRONG_PLACES = [
  [
    'DWH_STORAGE',
    'S3_BUCKET',
    'S3_ENDPOINT',
    'S3_REGION',
    'S3_CA_FILE',
    'S3_CHECKSUM',
    'S3_ENCRYPTION',
    'S3_KMS_KEY_ID',
  ],
  ['DWH_CONFIG', 'DWH_TIMEZONE', 'DWH_PARALLEL', 'DWH_TMP', 'DWH_CACHE', 'DWH_EXTENSIONS', 'DWH_VERIFY', 'DWH_LISTEN'],
  ['PGHOST', 'PGPORT', 'PGSSLMODE', 'PGDATABASE', 'PGUSER', 'PGSERVICE', 'PGAPPNAME', 'PGSSLROOTCERT', 'PGOPTIONS'],
].flat()

test('a secret in a variable, flag or file that cannot hold one: not in output or files', async () => {
  const { database, hostname, port, roles, url } = await house()
  const place = await makeSandbox(await temporaryFolder(), {})
  const wrong = SECRETS['in the wrong place']
  const written = encoded['in the wrong place']
  const strings = [
    `s3://AKIACANARY:${wrong}@bucket/prefix`,
    `s3://AKIACANARY:${written}@bucket`,
    `AKIACANARY:${wrong}@bucket`,
    `postgres://me:${written}@${hostname}:${port}/${database.name}`,
    `host=${hostname} password='${wrong.replace(/[\\']/g, '\\$&')}' user=me`,
    `https://me:${written}@${hostname}/?x=y`,
    `https://${hostname}/?password=${written}`,
  ]
  const bucket = { DWH_STORAGE: 's3://bucket/w', S3_ENDPOINT: 'http://127.0.0.1:1', S3_REGION: 'us-east-1' }
  // each place gets two of the connection strings; flags and files of one kind share their code
  const session = { PGHOST: hostname, PGPORT: port, PGUSER: 'me', PGPASSWORD: 'x' }
  for (const [index, name] of WRONG_PLACES.entries()) {
    for (const text of [strings[index % strings.length], strings[(index + 3) % strings.length]]) {
      const where = name.startsWith('S3_') ? { ...bucket, ...(name === 'S3_BUCKET' ? { DWH_STORAGE: '' } : {}) } : {}
      await look(place, ['run'], { ...session, ...where, [name]: text ?? '' }, [1, 2])
    }
  }
  const files = [
    'storage: TEXT',
    's3: { endpoint: TEXT }',
    'verify: TEXT',
    'schedule: { webhook: [TEXT] }',
    '? TEXT\n: x',
  ]
  for (const [index, text] of strings.entries()) {
    await look(place, ['run', '--storage', text], {}, [1, 2])
    await look(place, [`--stroage=${text}`, 'status'], {}, [2])
    await look(place, ['doctor', '--storage', text], {}, [1, 2])
    await look(place, [text], {}, [2])
    await look(place, ['run', '--source', text.replace('postgres:', 'postgres :')], {}, [1, 2])
    const file = files[index % files.length] ?? ''
    await writeFile(
      join(place.work, 'other.yaml'),
      file.replace('TEXT', () => JSON.stringify(text)),
    )
    await look(place, ['run', '--config', 'other.yaml'], {}, [2])
    await writeFile(join(place.work, 'other.yaml'), `source: ${text}\n: ${text}: x\n`)
    await look(place, ['status', '--config', 'other.yaml'], {}, [1, 2])
  }
  const proxy = {
    ...bucket,
    HTTP_PROXY: `http://me:${wrong}@127.0.0.1:1`,
    http_proxy: `http://me:${wrong}@127.0.0.1:1`,
  }
  await look(place, ['status'], { ...proxy, S3_ENDPOINT: 'http://bucket.invalid' }, [1, 2])
  const viaUrl = { DATABASE_URL: url('password in DATABASE_URL', roles['password in DATABASE_URL']) }
  for (const options of [
    `-c statement_timeout=${SECRETS['session option']}`,
    `-c ${'no.such'}=x -c work_mem=${SECRETS['session option']}`,
  ]) {
    await look(place, ['run'], { ...viaUrl, PGOPTIONS: options }, [1, 2])
    await look(
      place,
      ['run'],
      { DATABASE_URL: `${viaUrl.DATABASE_URL}?options=${encodeURIComponent(options)}` },
      [1, 2],
    )
  }
}, 1_200_000)

test('a warehouse in a bucket, keys, tokens, endpoints and proxies: no secret in output or files', async () => {
  const { url } = await house()
  const token = SECRETS['session token']
  const credential = { accessKeyId: 'AKIACANARY', secretAccessKey: SECRETS['AWS secret key'], sessionToken: token }
  const server = await startS3Server({ buckets: ['bucket'], credentials: [credential] })
  onTestFinished(() => server.close())
  const place = await makeSandbox(await temporaryFolder(), {
    DATABASE_URL: url('password in DATABASE_URL'),
    DWH_STORAGE: 's3://bucket/w',
    S3_ENDPOINT: server.url,
    AWS_ACCESS_KEY_ID: credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
    AWS_SESSION_TOKEN: token,
  })
  await look(place, ['run'], {}, [0])
  for (const args of COMMANDS) await look(place, args)
  const deny = (env: Record<string, string>) => look(place, ['run'], env, [1, 2])
  await deny({ AWS_SECRET_ACCESS_KEY: SECRETS['wrong password'].replace(/[^ -~]/g, '') })
  await deny({ AWS_SESSION_TOKEN: `${token}x` })
  await deny({ S3_ENDPOINT: 'http://127.0.0.1:1' })
  const withUser = server.url.replace('://', `://user:${encoded['S3 endpoint']}@`)
  for (const args of [['run'], ['status'], ['doctor'], ['views']]) await look(place, args, { S3_ENDPOINT: withUser })
  await look(place, ['run'], { S3_ENDPOINT: withUser.replace('http:', 'ftp:') }, [2])
  const refusing = createServer((_, answer) => void answer.writeHead(407).end('proxy authentication required'))
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void refusing.close())
  const { port } = refusing.address() as { port: number }
  for (const at of [port, 1]) {
    const proxy = `http://user:${encoded.proxy}@127.0.0.1:${at}`
    await look(place, ['run'], { HTTP_PROXY: proxy, http_proxy: proxy, S3_ENDPOINT: 'http://bucket.invalid' }, [1, 2])
    await look(place, ['status'], { HTTPS_PROXY: proxy, https_proxy: proxy, S3_ENDPOINT: 'https://bucket.invalid' })
  }
  for (const object of server.objects('bucket')) {
    expectNone(object.key, await object.bytes())
    expectNone(`metadata of ${object.key}`, JSON.stringify(object))
  }
}, 600_000)
