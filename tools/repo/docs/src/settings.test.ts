import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtProgram, temporaryFolder } from '@dwh/test-kit'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { listPages, ROOT } from './pages.ts'

const run = promisify(execFile)
const examples = listPages().flatMap(({ path, blocks }) =>
  blocks.filter(({ language }) => language === 'yaml').map(({ line, text }) => ({ where: `${path}:${line}`, text })),
)

test.each(examples)('$where: dwh accepts this dwh.yaml', async ({ text }) => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'dwh.yaml'), text)
  // every variable that an example may name
  const names = [...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => [name, 'value'])
  const env = { PATH: process.env.PATH, HOME: folder, ...Object.fromEntries(names), DWH_STORAGE: join(folder, 'lake') }
  const { stdout } = await run(process.execPath, [await builtProgram('dwh'), 'status', '--json'], {
    cwd: folder,
    env,
  })
  expect(JSON.parse(stdout)).toMatchObject({ status: 'none' })
})

async function validator() {
  const schema = JSON.parse(await readFile(join(ROOT, 'apps/cli/dwh.schema.json'), 'utf8'))
  return { schema, accepts: new Ajv({ allErrors: true }).compile(schema) }
}

test.each(examples)('$where: the published schema accepts it', async ({ text }) => {
  const { accepts } = await validator()
  accepts(parse(text) ?? {})
  expect(accepts.errors ?? []).toEqual([])
})

test.each([
  'storrage: x',
  'parallel: 0',
  'parallel: many',
  'cache_size: big',
  'lock_timeout: 10',
  'include: orders',
  's3: { path_stile: true }',
  's3: { encryption: rot13 }',
  'keep: { dayly: 1 }',
  'keep: { daily: -1 }',
  'schedule: { when: now }',
  'schedule: { verify_sample: some }',
  'tables: { orders: { colums: {} } }',
  'tables: { orders: { columns: { drop: [x] } } }',
])('%s: the published schema rejects it', async (text) => {
  const { accepts } = await validator()
  expect(accepts(parse(text))).toBe(false)
})

const variable = (name: string) => `$\{${name}}`

test.each([
  `parallel: ${variable('N')}`,
  `cache_size: ${variable('SIZE:-1GB')}`,
  `s3: { path_style: "${variable('STYLE')}" }`,
  'parallel: 4',
  'keep: { daily: 14 }',
  'schedule: { run: "0 3 * * *", verify_sample: 5%, row_change: 0.5, run_on_start: true, retries: 3 }',
  's3: { path_style: true, part_size: 16MiB }',
  'tables: { public.x: }',
])('%s: the published schema accepts it', async (text) => {
  const { accepts } = await validator()
  expect(accepts(parse(text))).toBe(true)
})
