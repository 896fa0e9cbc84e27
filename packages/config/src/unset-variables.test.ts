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
    message: expect.stringMatching(new RegExp(`dwh\\.yaml:${line}: \\$\\{${name}\\}: ${name} is not set$`)),
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

test('unset variable in source or schedule: only reading these fails', async () => {
  const config = await load(WITH_SECRETS)
  expect(config.storage).toMatch(/^\/.*\/lake$/)
  expect(config.timezone).toBe('UTC')
  expect(() => config.source).toThrow(missing(3, 'A'))
  expect(() => config.schedule).toThrow(missing(6, 'C'))
})

test('unset variable in place of a section: reading the section fails', async () => {
  const config = await load(`schedule: \${A}`, { DWH_SCHEDULE: 'off' })
  expect(() => config.schedule).toThrow(missing(1, 'A'))
})

test('some variables are set: only the section with the unset one fails', async () => {
  const config = await load(WITH_SECRETS, { A: 'x', B: 'y', C: 'https://z' })
  expect(config.source).toBe('postgres://reader:x@y/app')
  expect(() => config.schedule).toThrow(missing(7, 'D'))
})

test.each([
  `storage: \${A}`,
  `storage: "s3://\${A}/\${B}"`,
  `s3: { secret_access_key: "\${A}" }`,
  `tables: { orders: { where: "tenant = \${A}" } }`,
])('unset variable elsewhere: loading fails: %s', async (text) => {
  await expect(load(text)).rejects.toThrow(missing(1, 'A'))
})

test('unset variable of a setting that a flag or the environment sets: no error', async () => {
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
])('unset variable beside a mistake: names and types are still checked: %s', async (text, message) => {
  await expect(load(text)).rejects.toThrow(expect.objectContaining({ message: expect.stringContaining(message) }))
})

test('empty fallback: the value is an empty text', async () => {
  expect((await load(`schedule: { webhook: "\${SLACK:-}" }`)).schedule.webhook).toBe('')
  await expect(load(`storage: \${A:-}`)).rejects.toThrow('storage: expected a name')
})
