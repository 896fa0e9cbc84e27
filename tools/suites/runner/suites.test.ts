import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

interface Suite {
  readonly name: string
  readonly covers: string
  readonly files: readonly string[]
  readonly paths: readonly string[]
  readonly needs: readonly string[]
  readonly unit: string
  readonly counts: Readonly<Record<'smoke' | 'normal' | 'slow', number | 'all' | readonly number[]>>
}

const { groups, suites } = JSON.parse(readFileSync(join(root, 'tools/suites/runner/suites.json'), 'utf8')) as {
  groups: Record<string, readonly string[]>
  suites: readonly Suite[]
}

/** Runs a Node program and returns what it prints on stdout and stderr. */
function node(args: readonly string[], cwd = root): { code: number | null; printed: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
  return { code: status, printed: stdout + stderr }
}

test('suites.json: every *.extra.test.ts is in exactly one suite', () => {
  const list = ['-c', 'safe.directory=*', 'ls-files', '--cached', '--others', '--exclude-standard', '*.extra.test.ts']
  const { stdout } = spawnSync('git', list, { cwd: root, encoding: 'utf8' })
  const there = stdout.split('\n').filter((path) => path !== '' && existsSync(join(root, path)))
  expect(suites.flatMap(({ files }) => files).sort()).toEqual(there.sort())
})

test('suites.json: unique names, existing paths, growing counts', () => {
  expect(new Set(suites.map(({ name }) => name)).size).toBe(suites.length)
  for (const { name, covers, files, paths, unit, counts } of suites) {
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect([name, covers.length > 20 && !covers.endsWith('.')]).toEqual([name, true])
    for (const path of paths.flatMap((each) => groups[each] ?? [each]))
      expect([name, path, existsSync(join(root, path))]).toEqual([name, path, true])
    if (unit === 'tests') {
      expect([name, counts.normal, counts.slow]).toEqual([name, 'all', 'all'])
      if (typeof counts.smoke !== 'number') expect(counts.smoke).toHaveLength(files.length)
    } else {
      const [smoke = 0, normal = 0, slow = 0] = [counts.smoke, counts.normal, counts.slow].map(Number)
      expect([name, smoke > 0 && smoke < normal && normal <= slow]).toEqual([name, true])
    }
  }
})

/** Makes a repository with the paths of some suites, one commit on main and another branch. */
async function repository(): Promise<string> {
  const folder = await temporaryFolder()
  const git = (...args: string[]) => {
    const settings = ['-c', 'user.name=t', '-c', 'user.email=t@localhost', '-c', 'init.defaultBranch=main']
    expect(spawnSync('git', [...settings, ...args], { cwd: folder }).status).toBe(0)
  }
  for (const place of ['packages/core/src', 'packages/query/src', 'docs', 'bench'])
    await mkdir(join(folder, place), { recursive: true })
  for (const file of ['packages/core/src/a.ts', 'packages/query/src/a.ts', 'docs/storage.md', 'bench/a.ts'])
    await writeFile(join(folder, file), '\n')
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '-m', 'first')
  git('switch', '--quiet', '-c', 'change')
  return folder
}

const CHANGED = `import { changedSuites } from '${root}tools/suites/runner/changed-suites.mjs'
const { files, touched } = changedSuites(process.cwd(), process.argv[1])
console.log(JSON.stringify({ files, touched: touched.map(({ suite, because }) => [suite.name, because]) }))`

function touchedIn(folder: string, ref?: string): { files: number; touched: [string, string][] } {
  const { printed } = node(['--input-type=module', '--eval', CHANGED, ...(ref ? [ref] : [])], folder)
  return JSON.parse(printed)
}

test('check:all --changed: nothing changed, no suite', async () => {
  expect(touchedIn(await repository())).toEqual({ files: 0, touched: [] })
})

test('check:all --changed: a new file of one tool and a page, the suites of both', async () => {
  const folder = await repository()
  await writeFile(join(folder, 'bench/new.ts'), '')
  await appendFile(join(folder, 'docs/storage.md'), 'more\n')
  expect(touchedIn(folder)).toEqual({
    files: 2,
    touched: [
      ['stores-sheet', 'docs/storage.md'],
      ['bench', 'bench/new.ts'],
    ],
  })
})

test('check:all --changed: an uncommitted change in core, nearly all suites', async () => {
  const folder = await repository()
  await appendFile(join(folder, 'packages/core/src/a.ts'), 'export {}\n')
  const { touched } = touchedIn(folder)
  expect(touched.length).toBeGreaterThan(0.8 * suites.length)
  expect(new Set(touched.map(([, because]) => because))).toEqual(new Set(['packages/core/src/a.ts']))
})

test('check:all --changed: no main and an unknown ref, an error that asks for another', async () => {
  const folder = await repository()
  const { code, printed } = node(['--input-type=module', '--eval', CHANGED, 'no-such-ref'], folder)
  expect([code, printed]).toEqual([1, expect.stringContaining('no-such-ref: no commit in common with HEAD')])
})

test.each([
  [['suite', 'no-such-suite'], 'suite no-such-suite: unknown; the suites are protocol-model, '],
  [['suite', 'shell', '--count', '0'], '--count 0: not a positive whole number'],
  [['all', '--chnged'], "Unknown option '--chnged'"],
  [['slow', 'no-such-suite'], 'suite no-such-suite: unknown; the suites are protocol-model, '],
  [['some'], 'some: must be smoke, all, slow or suite'],
])('check %j: exit code 2 before anything starts', (args, message) => {
  const { code, printed } = node([join(root, 'tools/repo/check.mjs'), ...args])
  expect([code, printed]).toEqual([2, expect.stringContaining(message)])
})

const PAGE = `import { readTestedPage, writeTestedPage } from '${root}tools/suites/runner/tested-page.mjs'
if (process.env.DOCS === 'write') writeTestedPage()
const { is, shouldBe } = readTestedPage()
console.log(is === shouldBe ? 'same' : shouldBe)`

test('docs/tested.md: its table matches the list of suites (DOCS=write updates it)', () => {
  expect(node(['--input-type=module', '--eval', PAGE]).printed.trim()).toBe('same')
})

const RECORD = `import { readFileSync } from 'node:fs'
import { withSlowResult } from '${root}tools/suites/runner/tested-page.mjs'
const result = { amount: '1000 kills', date: '2026-03-01', commit: '0123456789ab', minutes: 24.6, failures: [] }
let page = readFileSync('${root}docs/tested.md', 'utf8')
for (const suite of ['bench', 'crash-random', 'crash-points'])
  page = withSlowResult(page, { ...result, suite, failures: suite === 'bench' ? ['a | b\\nmore'] : [] })
page = withSlowResult(page, { ...result, suite: 'crash-random', commit: 'ba9876543210' })
console.log(page)`

test('docs/tested.md: one row for each suite that check:slow has run, in the order of the list', () => {
  const { printed } = node(['--input-type=module', '--eval', RECORD])
  const rows = printed.split('\n').filter((line) => line.includes('| 2026-03-01 |'))
  const cells = rows.map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
  expect(cells).toEqual([
    ['`crash-points`', '1000 kills', '2026-03-01', '`0123456789ab`', '25', 'passed'],
    ['`crash-random`', '1000 kills', '2026-03-01', '`ba9876543210`', '25', 'passed'],
    ['`bench`', '1000 kills', '2026-03-01', '`0123456789ab`', '25', 'failed: a / b'],
  ])
})
