import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Source } from '@dwh/core'
import { temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Returns the code of a recipe in CONTRIBUTING.md. */
async function recipe(title: string): Promise<string> {
  const page = await readFile(join(ROOT, 'CONTRIBUTING.md'), 'utf8')
  const [, part = ''] = page.split(`### ${title}\n`)
  const [, code] = /```typescript\n([\s\S]*?)```/.exec(part.split('\n### ')[0] ?? '') ?? []
  if (code === undefined) throw new Error(`CONTRIBUTING.md has no recipe "${title}" with code`)
  return code
}

/** Copies a package's source to a folder inside the package, so that its imports resolve. */
async function copyOf(place: string): Promise<string> {
  const folder = await mkdtemp(join(ROOT, place, '.child-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await cp(join(ROOT, place, 'src'), join(folder, 'src'), { recursive: true })
  await cp(join(ROOT, place, 'package.json'), join(folder, 'package.json'))
  return join(folder, 'src')
}

/** Adds a name at the beginning of a list in a file, and its import. */
async function enlist(path: string, list: RegExp, name: string, from: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  expect(text, path).toMatch(list)
  await writeFile(path, `import { ${name} } from '${from}'\n${text.replace(list, (begin) => `${begin}${name}, `)}`)
}

const load = (path: string) => import(pathToFileURL(path).href)

const numbers: Source = {
  open: async () => ({
    info: { source: { kind: 'numbers' }, id: null, position: null, takenAt: '2026-02-18T00:00:00Z' },
    parallel: 1,
    tables: async () => [{ schema: 'public', name: 't', columns: [{ name: 'n', type: 'INTEGER' }] }],
    read: () => ({
      rows: (async function* () {
        yield [[1], [2]]
      })(),
    }),
    close: async () => {},
  }),
}

test('recipe "Add a store": a run writes to it, and a query answers', async () => {
  const src = await copyOf('packages/warehouse')
  await writeFile(join(src, 'adapters/shm.ts'), await recipe('Add a store'))
  await enlist(join(src, 'adapters/index.ts'), /const STORAGES: readonly StorageAdapter\[\] = \[/, 'shm', './shm.ts')
  const { openWarehouse } = await load(join(src, 'index.ts'))
  const name = `dwh-recipe-${process.pid}`
  onTestFinished(() => rm(join('/dev/shm', name), { recursive: true, force: true }))
  const [cache, temp] = [await temporaryFolder(), await temporaryFolder()]
  const sources = { sources: { default: { source: numbers } } }
  const warehouse = await openWarehouse({ storage: `shm://${name}`, cache, temp }, sources)
  await warehouse.run()
  const session = await warehouse.session()
  expect((await session.queryAll('SELECT sum(n) AS n FROM t')).rows).toEqual([{ n: 3 }])
  await session.close()
})

test('recipe "Add a command": the program has it, with its help', async () => {
  const src = await copyOf('apps/cli')
  await writeFile(join(src, 'commands/hello.ts'), await recipe('Add a command'))
  await enlist(join(src, 'program.ts'), /const commands = \[\s*/, 'helloCommand', './commands/hello.ts')
  const { makeProgram } = await load(join(src, 'program.ts'))
  const home = await temporaryFolder()
  let said = ''
  const program = makeProgram({
    ...{ env: {}, cwd: home, home, tmp: home, signal: new AbortController().signal },
    ...{ clock: () => new Date(), hide: () => {}, hidden: () => [], stderr: process.stderr },
    stdout: {
      write: async (text: string) => {
        said += text
        return true
      },
    },
  })
  expect(program.helpInformation()).toContain('say where the warehouse is')
  await program.parseAsync(['node', 'dwh', 'hello', '--json', '--storage', '/some/where'])
  expect(JSON.parse(said)).toEqual({ url: '/some/where' })
})

test('recipe "Add a type": its values arrive with the new type', async () => {
  const src = await copyOf('packages/extract-postgres')
  const { url } = await testDatabase(
    `CREATE TABLE t (l pg_lsn); INSERT INTO t VALUES ('1/2'), (NULL), ('FFFFFFFF/FFFFFFFF')`,
  )
  const [file = ''] = (await readdir(src, { recursive: true })).filter((path) => /(^|\/)pg-types\.ts$/.test(path))
  const text = await readFile(join(src, file), 'utf8')
  const begin = /const BUILT_IN: [^\n]*= \{\n/
  expect(text).toMatch(begin)
  const row = await recipe('Add a type')
  await writeFile(
    join(src, file),
    text.replace(begin, (line) => `${line}${row}`),
  )
  const { postgresSource } = await load(join(src, 'index.ts'))
  const snapshot = await postgresSource({ connection: url }).open()
  onTestFinished(() => snapshot.close())
  const [table] = await snapshot.tables()
  expect(table.columns).toMatchObject([{ name: 'l', type: 'DECIMAL(20,0)' }])
  const rows: unknown[] = []
  for await (const batch of snapshot.read(table).rows) rows.push(...batch)
  expect(rows).toEqual([['4294967298'], [null], ['18446744073709551615']])
})
