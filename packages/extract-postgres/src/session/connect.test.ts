import { once } from 'node:events'
import { chmod, chown, stat, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { isDwhError } from '@dwh/core'
import { serverUrl, startTestServer, temporaryFolder, testDatabase, withClient } from '@dwh/test-kit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ConnectionInput, connect, systemEnvironment } from '../index.ts'

const SERVER = await serverUrl()
const server = () => new URL(SERVER)

/** Settings of the connection to the test server. */
function place(): { host: string; port: string; user: string; password: string; dbname: string } {
  const { hostname, port, username, password } = server()
  return { host: hostname, port, user: username, password, dbname: 'postgres' }
}

async function ask(
  connection: ConnectionInput,
  sql = 'SELECT current_user AS answer',
  environment = systemEnvironment(),
): Promise<string> {
  const { client } = await connect({ connection, environment })
  try {
    return (await client.query(sql)).rows[0].answer
  } finally {
    await client.end()
  }
}

async function refusal(connection: ConnectionInput, environment = systemEnvironment()): Promise<string> {
  const error = await ask(connection, undefined, environment).catch((e) => e)
  if (!isDwhError(error)) throw new Error(`it was not refused: ${error}`)
  return `${error.code} ${error.message} -> ${error.hint}`
}

/** A server that runs `talk` on each connection. */
async function fakeServer(talk: (socket: Socket) => void): Promise<number> {
  const fake = createServer((socket) => {
    socket.on('error', () => {})
    talk(socket)
  })
  fake.listen(0, '127.0.0.1')
  await once(fake, 'listening')
  onTestFinished(() => void fake.close())
  return (fake.address() as { port: number }).port
}

const message = (type: string, body: Buffer) => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const authentication = (kind: number, rest = '') => {
  const body = Buffer.alloc(4)
  body.writeInt32BE(kind)
  return message('R', Buffer.concat([body, Buffer.from(rest)]))
}
const failure = (sqlstate: string, text: string) =>
  message('E', Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${text}\0\0`))
const ready = message('Z', Buffer.from('I'))

describe('forms of a connection', () => {
  test('URL, connection string, single settings: the same connection', async () => {
    const { host, port, user, password, dbname } = place()
    expect(await ask(server().href)).toBe(user)
    expect(await ask(`host=${host} port=${port} user=${user} password='${password}' dbname=${dbname}`)).toBe(user)
    expect(await ask(place())).toBe(user)
  })

  test('variables, service with a password file: connected', async () => {
    const { host, port, user, password, dbname } = place()
    const env = { PGHOST: host, PGPORT: port, PGUSER: user, PGDATABASE: dbname }
    expect(await ask('', undefined, systemEnvironment({ ...env, PGPASSWORD: password }))).toBe(user)
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'services'), `[app]\nhost=${host}\nport=${port}\nuser=${user}\ndbname=${dbname}\n`)
    await writeFile(join(folder, 'passwords'), `${host}:*:*:${user}:${password}\n`, { mode: 0o600 })
    const files = { PGSERVICEFILE: join(folder, 'services'), PGPASSFILE: join(folder, 'passwords') }
    expect(await ask('service=app', undefined, systemEnvironment(files))).toBe(user)
    await chmod(files.PGPASSFILE, 0o644)
    expect(await refusal('service=app', systemEnvironment(files))).toMatch(
      /^SOURCE_DENIED .*asks for a password, but none is configured -> .*PGPASSWORD.*\.pgpass/,
    )
  })

  test('environment of the process: ignored', async () => {
    const before = { ...process.env }
    onTestFinished(() => {
      process.env = before
    })
    Object.assign(process.env, {
      PGPASSWORD: 'wrong',
      PGOPTIONS: '-c nonsense=1',
      PGAPPNAME: 'other',
      PGSSLMODE: 'require',
      PGSSLNEGOTIATION: 'nonsense',
      PGREPLICATION: 'true',
    })
    expect(await ask(place(), `SELECT current_setting('application_name') AS answer`)).toBe('dwh')
    expect(await refusal({ ...place(), password: null, host: '127.0.0.1' })).toMatch(/none is configured/)
  })

  test('options and application_name: sent to the server', async () => {
    const sql = (name: string) => `SELECT current_setting('${name}') AS answer`
    expect(await ask({ ...place(), application_name: 'nightly' }, sql('application_name'))).toBe('nightly')
    expect(await ask({ ...place(), options: '-c work_mem=5MB' }, sql('work_mem'))).toBe('5MB')
  })
})

describe('several hosts', () => {
  test('hosts that are missing, starting up or silent: skipped', async () => {
    const starting = await fakeServer((socket) => {
      socket.once('data', () => socket.end(failure('57P03', 'the database system is starting up')))
    })
    const silent = await fakeServer(() => {})
    const { host, port, user } = place()
    const several = {
      ...place(),
      host: `no-such-host.invalid,127.0.0.1,127.0.0.1,127.0.0.1,${host}`,
      port: `1,1,${starting},${silent},${port}`,
      sslmode: 'disable',
      connect_timeout: 1,
    }
    expect(await ask(several)).toBe(user)
  })

  test('no usable host: the error has what happened at each, with every hint', async () => {
    const several = { ...place(), host: 'no-such-host.invalid,127.0.0.1', port: '7,1' }
    const said = await refusal(several)
    expect(said).toMatch(
      /^SOURCE_UNREACHABLE none of 2 servers is usable: no-such-host\.invalid:7: .*; 127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1 -> /,
    )
    expect(said).toContain('DNS')
    expect(said).toContain('Postgres is running')
  })

  test('wrong password: no further host is tried, as in libpq', async () => {
    const { host, port } = place()
    expect(await refusal({ ...place(), host: `${host},127.0.0.1`, port: `${port},1`, password: 'wrong' })).toMatch(
      /^SOURCE_DENIED 127\.0\.0\.1:\d+: password authentication failed/,
    )
  })

  test('load_balance_hosts=random, name with several addresses: connected', async () => {
    const { host, port, user } = place()
    const several = { ...place(), host: `${host},127.0.0.1`, port: `${port},1`, load_balance_hosts: 'random' }
    for (let i = 0; i < 8; i += 1) expect(await ask(several)).toBe(user)
    expect(await ask({ ...place(), host: 'localhost' })).toBe(user)
  })

  test('target_session_attrs: a host that matches', async () => {
    const { host, port, user } = place()
    const database = await testDatabase()
    await database.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`)
    for (const wanted of ['any', 'read-write', 'primary', 'prefer-standby'])
      expect(await ask({ ...place(), target_session_attrs: wanted })).toBe(user)
    expect(await ask({ ...place(), dbname: database.name, target_session_attrs: 'read-only' })).toBe(user)
    expect(await refusal({ ...place(), dbname: database.name, target_session_attrs: 'read-write' })).toMatch(
      /a primary whose sessions are read-only/,
    )
    expect(
      await refusal({ ...place(), host: `${host},${host}`, port: `${port},${port}`, target_session_attrs: 'standby' }),
    ).toMatch(/^SOURCE_UNREACHABLE .*it is a primary, but target_session_attrs=standby/)
  })

  test('another connection: to the same server', async () => {
    const { host, port } = place()
    const several = { ...place(), host: `127.0.0.1,${host}`, port: `1,${port}` }
    const connection = await connect({ connection: several })
    const again = await connection.another()
    expect(connection.server).toBe(`${host}:${port}`)
    expect((await again.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await Promise.all([connection.client.end(), again.end()])
  })
})

describe('require_auth', () => {
  const at = (port: number, more: object = {}) => ({
    ...{ host: '127.0.0.1', port, user: 'u', password: 's3cret', dbname: 'd', sslmode: 'disable' },
    ...more,
  })

  /** A server that sends `request`, and records the answers. */
  async function asking(request: Buffer): Promise<{ port: number; answers: string[] }> {
    const answers: string[] = []
    const port = await fakeServer((socket) => {
      socket.once('data', () => {
        socket.write(request)
        socket.on('data', (data) => void answers.push(data.toString('latin1')))
      })
    })
    return { port, answers }
  }

  test.each([
    ['a password in clear text', authentication(3), 'password'],
    ['md5', authentication(5, 'salt'), 'md5'],
    ['nothing at all', Buffer.concat([authentication(0), ready]), 'none'],
  ])('server asks for %s: refused unanswered', async (_, request, method) => {
    const { port, answers } = await asking(request)
    const said = await refusal(at(port, { require_auth: 'scram-sha-256' }))
    expect(said).toMatch(/^SOURCE_DENIED .*which require_auth does not allow/)
    expect(said).toContain(`Allow ${method}`)
    expect(await refusal(at(port, { require_auth: `!${method}` }))).toMatch(/require_auth does not allow/)
    expect(answers.join('')).toBe('')
  })

  test('real server: an allowed method connects, others are refused', async () => {
    expect(await ask({ ...place(), require_auth: 'scram-sha-256' })).toBe('postgres')
    expect(await refusal({ ...place(), require_auth: 'none,password' })).toMatch(/asks for scram-sha-256/)
  })

  test('SCRAM that ends halfway: refused', async () => {
    const port = await fakeServer((socket) => {
      socket.once('data', () => {
        socket.write(authentication(10, 'SCRAM-SHA-256\0\0'))
        socket.once('data', () => socket.write(Buffer.concat([authentication(0), ready])))
      })
    })
    expect(await refusal(at(port))).toMatch(/did not prove that it knows the password/)
  })
})

test('host that is a folder: a Unix socket', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  await (await startTestServer({ folder })).stop()
  const { uid, gid } = await stat(join(folder, 'data'))
  if (process.getuid?.() === 0) await chown(folder, uid, gid)
  const local = await startTestServer({ folder, settings: { unix_socket_directories: folder, listen_addresses: '' } })
  onTestFinished(() => local.stop())
  const { user, password, port } = local
  const settings = { host: folder, port, user, password, dbname: 'postgres' }
  expect(await ask({ ...settings, sslmode: 'require' })).toBe(user)
  expect(await ask(`postgres://${user}:${password}@${encodeURIComponent(folder)}:${port}/postgres`)).toBe(user)
  expect(await refusal({ ...settings, port: port + 1 })).toMatch(
    new RegExp(`^SOURCE_UNREACHABLE socket ${folder}/\\.s\\.PGSQL\\.${port + 1}: `),
  )
  await withClient(`postgres://${user}:${password}@/postgres?host=${folder}&port=${port}`, (c) => c.query('SELECT 1'))
})
