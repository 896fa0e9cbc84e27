import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtProgram, spread, suiteCount, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const BIN = await builtProgram('dwh')
const COUNT = suiteCount('chaos-no-network')

/**
 * Returns the network peers of a command, from its system calls: `address:port` of each, without Unix sockets and
 * netlink. Needs `strace`.
 */
async function spokenTo(folder: string, args: readonly string[], env: Record<string, string>): Promise<string[]> {
  const trace = join(folder, 'trace')
  const calls = '--trace=connect,sendto,sendmsg,sendmmsg'
  const traced = ['--follow-forks', '--quiet=all', calls, '--output', trace, process.execPath, BIN, ...args]
  const { PATH = '' } = process.env
  await run('strace', traced, { cwd: folder, env: { PATH, HOME: folder, ...env } })
  const lines = (await readFile(trace, 'utf8')).split('\n').filter((line) => /AF_INET|AF_NETLINK/.test(line))
  const found = lines.map((line) => {
    const [, port] = /sin6?_port=htons\((\d+)\)/.exec(line) ?? []
    const [, address] = /inet_(?:addr\(|pton\(AF_INET6?, )"([^"]+)"/.exec(line) ?? []
    return address === undefined ? line : `${address}:${port}`
  })
  return [...new Set(found)]
}

test('network connections: a run connects to the given address of its Postgres only, a query to none', async () => {
  const database = await testDatabase('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 1000) i')
  const { hostname, port } = new URL(database.url)
  const folder = await temporaryFolder()
  const env = { DATABASE_URL: database.url }
  const postgres = [`${hostname}:${port}`]
  for (const args of spread([['run'], ['run'], ['plan'], ['doctor'], ['init', '--print']], COUNT))
    expect(await spokenTo(folder, args, env), args.join(' ')).toEqual(postgres)
  const quiet = [
    ['query', 'SELECT count(*) FROM orders'],
    ['tables'],
    ['status'],
    ['history'],
    ['views'],
    ['verify', '--deep'],
    ['repair'],
    ['prune', '--keep-daily', '1', '--yes'],
    ['extensions'],
    ['--version'],
  ]
  for (const args of spread(quiet, COUNT)) expect(await spokenTo(folder, args, env), args.join(' ')).toEqual([])
})
