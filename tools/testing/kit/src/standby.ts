import { execFile } from 'node:child_process'
import { appendFile, chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'
import { withClient } from './test-database.ts'
import { startTestServer } from './test-server.ts'

type Server = Awaited<ReturnType<typeof startTestServer>>

/**
 * Starts a primary with some tables, and a standby from a copy of the stopped primary's folder. Both end with the test.
 */
export async function primaryAndStandby(
  sql: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ primary: Server; standby: Server }> {
  const [first, second] = [await temporaryFolder(), await temporaryFolder()]
  for (const folder of [first, second]) await chmod(folder, 0o755)
  const before = await startTestServer({ folder: first })
  await withClient(before.url(), (client) => client.query(sql))
  await before.stop()
  await promisify(execFile)('cp', ['-a', `${first}/.`, second])
  const primary = await startTestServer({ folder: first })
  onTestFinished(() => primary.stop())
  const { host, port, user, password } = primary
  await writeFile(join(second, 'data', 'standby.signal'), '')
  await appendFile(
    join(second, 'data', 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${host} port=${port} user=${user} password=${password}'\n`,
  )
  const standby = await startTestServer({ folder: second, settings })
  onTestFinished(() => standby.stop())
  return { primary, standby }
}
