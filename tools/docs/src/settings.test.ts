import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { listPages, ROOT } from './pages.ts'

const run = promisify(execFile)
const examples = listPages().flatMap(({ path, blocks }) =>
  blocks.filter(({ language }) => language === 'yaml').map(({ line, text }) => ({ where: `${path}:${line}`, text })),
)

test.each(examples)('$where: a dwh.yaml that is accepted', async ({ text }) => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'dwh.yaml'), text)
  // every variable that an example may name
  const names = [...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => [name, 'value'])
  const env = { PATH: process.env.PATH, HOME: folder, ...Object.fromEntries(names), DWH_STORAGE: join(folder, 'lake') }
  const { stdout } = await run(process.execPath, [join(ROOT, 'tools/dwh.mjs'), 'status', '--json'], {
    cwd: folder,
    env,
  })
  expect(JSON.parse(stdout)).toMatchObject({ status: 'none' })
})
