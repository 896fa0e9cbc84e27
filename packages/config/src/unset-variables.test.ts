import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { type Config, type ConfigFlags, loadConfig } from './load-config.ts'

async function load(text: string, env: Record<string, string> = {}, flags: ConfigFlags = {}): Promise<Config> {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'dwh.yaml'), text)
  return loadConfig(flags, { env, cwd, home: '/home/me', tmp: '/tmp' })
}

const missing = (line: number, name: string) =>
  expect.objectContaining({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(new RegExp(`dwh\\.yaml:${line}: \\$\\{${name}\\}: the environment has no ${name}$`)),
    hint: `Set ${name}, or write \${${name}:-fallback}.`,
  })

const WITH_SECRETS = `
storage: ./lake
source: postgres://reader:\${A}@\${B}/app
schedule:
  run: "off"
  webhook: \${C}
  listen: \${D}
`

test('a variable that is not set: an error for whoever asks for the source or the schedule, and for nobody else', async () => {
  const config = await load(WITH_SECRETS)
  expect(config.storage).toMatch(/^\/.*\/lake$/)
  expect(config.timezone).toBe('UTC')
  expect(() => config.source).toThrow(missing(3, 'A'))
  expect(() => config.schedule).toThrow(missing(6, 'C'))
})

test('in place of a whole section', async () => {
  const config = await load(`schedule: \${A}`, { DWH_SCHEDULE: 'off' })
  expect(() => config.schedule).toThrow(missing(1, 'A'))
})

test('some are set', async () => {
  const config = await load(WITH_SECRETS, { A: 'x', B: 'y', C: 'https://z' })
  expect(config.source).toBe('postgres://reader:x@y/app')
  expect(() => config.schedule).toThrow(missing(7, 'D'))
})

test.each([
  `storage: \${A}`,
  `storage: "s3://\${A}/\${B}"`,
  `s3: { secret_access_key: "\${A}" }`,
  `tables: { orders: { where: "tenant = \${A}" } }`,
])('%s: an error for all', async (text) => {
  await expect(load(text)).rejects.toThrow(missing(1, 'A'))
})

test('what flags or the environment say is not asked of the file', async () => {
  const env = { DATABASE_URL: 'postgres://a', DWH_WEBHOOK_URL: 'https://a', DWH_LISTEN: 'off' }
  const config = await load(WITH_SECRETS, env)
  expect(config.source).toBe('postgres://a')
  expect(config.schedule).toEqual({ run: 'off', webhook: 'https://a', listen: 'off' })
  expect((await load(WITH_SECRETS, {}, { source: 'postgres://b' })).source).toBe('postgres://b')
})

test.each([
  [`schedule: { webhok: "\${A}" }`, 'unknown key "webhok"'],
  [`schedule: { webhook: "\${A}", retries: many }`, 'schedule.retries: expected a number'],
  [`source: { url: "\${A}" }`, 'source: expected string'],
  [`source: "\${A}"\nparallel: many`, 'parallel: expected a number'],
])('%s: names and types are checked all the same', async (text, message) => {
  await expect(load(text)).rejects.toThrow(expect.objectContaining({ message: expect.stringContaining(message) }))
})

test('an empty fallback is an empty text', async () => {
  expect((await load(`schedule: { webhook: "\${SLACK:-}" }`)).schedule.webhook).toBe('')
  await expect(load(`storage: \${A:-}`)).rejects.toThrow('storage: expected a name')
})
