import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seedDatabase } from '@dwh/seed'
import { builtCheckout, createDatabase, serverUrl, type TestDatabase } from '@dwh/test-kit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Consumer, type ManagerName, openConsumer } from './consumer.ts'
import { examplesOf, firstCommands, installLine } from './examples.ts'
import { filesOf, measure, scriptsIn } from './installed-tree.ts'
import { publintProblems, typesProblems } from './lint.ts'
import { type Packed, packAll } from './pack.ts'
import type { NodeMajor } from './programs.ts'
import { removeDemoServer, tsconfig } from './project.ts'
import { problemsOf } from './rules.ts'
import { listPublicPackages, pinned, ROOT } from './workspace.ts'

/*
 * Packs every public package, installs it outside the checkout with each package manager on a real Node, and checks
 * that it does what its README says. Needs a registry, so it is a suite.
 */

const INSTALL_TIMEOUT_MS = 300_000
const PLACES: readonly (readonly [ManagerName, NodeMajor])[] = [
  ['npm', 20],
  ['pnpm', 22],
  ['yarn 1', 24],
  ['yarn 4', 24],
]

/** Module resolutions of TypeScript: as in Node, and as in a bundler. */
const RESOLUTIONS = ['nodenext', 'bundler'] as const

/** Installed beside DuckDB's binary by `npm install @dwh/cli`. */
const MOST_BYTES = 40_000_000

let place: string
let packed: readonly Packed[]
let database: TestDatabase

beforeAll(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'dwh-packages-')))
  for (const name of ['tarballs', 'temporary']) await mkdir(join(place, name))
  await builtCheckout()
  packed = await packAll(ROOT, join(place, 'tarballs'))
  database = await createDatabase(await serverUrl())
  await seedDatabase((sql) => database.query(sql))
}, INSTALL_TIMEOUT_MS)

afterAll(async () => {
  await database?.drop()
  await rm(place, { recursive: true, force: true })
})

function named(name: string): Packed {
  return packed.find((one) => one.name === name) as Packed
}

/** Returns a package and those of ours that it depends on, directly or not. */
function withDependencies(name: string): Packed[] {
  const one = named(name)
  const ours = Object.keys(one.manifest.dependencies ?? {}).filter((dependency) => dependency.startsWith('@dwh/'))
  return [...new Set([one, ...ours.flatMap(withDependencies)])]
}

const given = () => ({ url: database.url, temporary: join(place, 'temporary') })
const examples = () => packed.flatMap((one) => examplesOf(one, given()))

describe.each(listPublicPackages().map(({ manifest }) => manifest.name))('the tarball of %s', (name) => {
  test('has all files that a user needs, and no others', async () => {
    const { folder, files, manifest } = named(name)
    const texts = await Promise.all(
      files.map(async (path) => [path, await readFile(join(folder, path), 'utf8')] as const),
    )
    const versions = new Map(packed.map((one) => [one.name, one.manifest.version]))
    const license = await readFile(join(ROOT, 'LICENSE'), 'utf8')
    expect(problemsOf({ manifest, files: new Map(texts) }, { license, versions, root: ROOT })).toEqual([])
  })

  test('publint finds no problem', async () => {
    expect(await publintProblems(named(name))).toEqual([])
  })

  test('its types resolve for every supported importer', async () => {
    const { manifest } = named(name)
    expect(await typesProblems(named(name))).toEqual(manifest.exports ? [] : null)
  })

  test('its README installs what its examples import', () => {
    const { installed, imported } = installLine(named(name))
    expect(installed).toEqual(expect.arrayContaining(imported))
    if (named(name).manifest.exports) expect(installed[0]).toBe(name)
  })
})

describe.each(PLACES)('installed by %s, on Node %i', (manager, major) => {
  let consumer: Consumer
  const env = () => ({ DATABASE_URL: database.url })

  beforeAll(async () => {
    consumer = await openConsumer(manager, major)
    const tools = { typescript: pinned('typescript'), '@types/node': pinned('@types/node'), vitest: pinned('vitest') }
    await consumer.install(packed, manager.startsWith('yarn') ? {} : tools)
  }, INSTALL_TIMEOUT_MS)

  afterAll(() => consumer?.remove())

  test('installed files are identical to packed files', async () => {
    expect(await consumer.run(['node', '--version'])).toMatch(new RegExp(`^v${major}\\.`))
    for (const one of packed) {
      const there = await filesOf(join(consumer.folder, 'node_modules', one.name))
      expect(there).toEqual(await filesOf(one.folder))
    }
  })

  test('dwh in an empty folder: makes a warehouse and answers a query', async () => {
    const dwh = (...args: string[]) => consumer.exec('dwh', args, { env: env() })
    expect(await dwh('--version')).toBe(`${named('@dwh/cli').manifest.version}\n`)
    await dwh('init')
    await dwh('run')
    expect(await dwh('query', '--json', 'SELECT count(*) AS n FROM customers')).toBe('[\n  {"n":50}\n]\n')
  })

  if (manager === 'npm') {
    test('the commands in the README of @dwh/cli: work', async () => {
      const commands = firstCommands(named('@dwh/cli'), given())
      expect(commands).toContain('npx @dwh/cli run')
      expect(await consumer.run(['sh', '-e', '-c', commands])).toMatch(/\bcustomers +6 [\s\S]*│? +50\n$/)
    })
  }

  test('every program: prints its help', async () => {
    for (const { manifest } of packed) {
      for (const program of Object.keys(manifest.bin ?? {}))
        expect(await consumer.exec(program, ['--help'])).toContain(`Usage: ${program}`)
    }
  })

  if (!manager.startsWith('yarn')) {
    test('the examples of every README: compile in strict mode', async () => {
      await mkdir(join(consumer.folder, 'src'), { recursive: true })
      for (const { file, text } of examples()) await writeFile(join(consumer.folder, 'src', file), text)
      for (const resolution of manager === 'npm' ? RESOLUTIONS : RESOLUTIONS.slice(0, 1)) {
        await writeFile(join(consumer.folder, `${resolution}.json`), tsconfig(resolution))
        await consumer.exec('tsc', ['--project', `${resolution}.json`])
      }
      if (manager === 'npm') await cp(join(consumer.folder, 'nodenext'), join(place, 'compiled'), { recursive: true })
    })
  }

  test('the example of every README: does what it says', async () => {
    const { folder } = consumer
    await cp(join(place, 'compiled'), join(folder, 'compiled'), { recursive: true })
    const files = await readdir(join(folder, 'warehouse/customers'), { recursive: true })
    const file = files.find((path) => path.endsWith('.parquet')) as string
    await copyFile(join(folder, 'warehouse/customers', file), join(place, 'temporary/customers.parquet'))
    const all = examples()
    expect(all.length).toBeGreaterThanOrEqual(packed.filter(({ manifest }) => manifest.exports).length)
    for (const file of all.map((example) => `compiled/${example.file.replace(/\.ts$/, '.js')}`)) {
      if (!file.endsWith('.test.js')) await consumer.run(['node', file], { env: env() })
      // vitest is installed where types are checked
      else if (!manager.startsWith('yarn')) await consumer.exec('vitest', ['run', file])
    }
  })

  test('dwh-scheduler: makes a warehouse, and ends on SIGTERM', async () => {
    const script = `
      node_modules/.bin/dwh-scheduler & scheduler=$!
      until [ -e scheduled/etl.json ]; do kill -0 $scheduler; sleep 0.1; done
      kill -TERM $scheduler
      wait $scheduler`
    const settings = { DWH_STORAGE: 'scheduled', DWH_LISTEN: '127.0.0.1:0', RUN_ON_START: 'true' }
    await consumer.run(['sh', '-e', '-c', script], { env: { ...env(), ...settings } })
  })

  // with npm it runs below, without an installation
  if (manager !== 'npm') {
    test('the demo in an empty folder: makes a warehouse and answers', async () => {
      try {
        const printed = await consumer.exec('dwh-demo', [])
        for (const text of ['Seeded: a small SaaS company', 'Published ', 'Try next', 'npx @dwh/cli tables'])
          expect(printed).toContain(text)
      } finally {
        await removeDemoServer(join(consumer.folder, 'dwh-demo'))
      }
    })
  }
})

describe('nothing installed, in an empty folder', () => {
  async function once(manager: ManagerName, name: string, program: string, ...args: string[]): Promise<string> {
    const consumer = await openConsumer(manager, 20)
    onTestFinished(async () => {
      await removeDemoServer(join(consumer.folder, 'dwh-demo'))
      await consumer.remove()
    })
    const printed = await consumer.execOnce(withDependencies(name), program, args)
    if (program === 'dwh') expect(await readdir(consumer.folder)).toEqual([])
    return printed
  }

  test.each(['npm', 'pnpm', 'yarn 4'] as const)('%s runs @dwh/cli', async (manager) => {
    expect(await once(manager, '@dwh/cli', 'dwh', '--version')).toBe(`${named('@dwh/cli').manifest.version}\n`)
  })

  test('npm runs @dwh/demo', async () => {
    expect(await once('npm', '@dwh/demo', 'dwh-demo')).toContain('Try next')
  })
})

describe('@dwh/cli alone', () => {
  test('small compared to DuckDB, and runs no install scripts', { timeout: INSTALL_TIMEOUT_MS }, async () => {
    const consumers = await Promise.all([openConsumer('npm', 20), openConsumer('npm', 20)])
    try {
      const cli = named('@dwh/cli').path
      const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
      const [plain, without] = consumers
      await plain.run(['npm', 'install', ...quiet, cli])
      await without.run(['npm', 'install', '--ignore-scripts', ...quiet, cli])
      const [tree, same] = await Promise.all(consumers.map(({ folder }) => filesOf(join(folder, 'node_modules'))))
      expect(tree).toEqual(same)
      expect(await scriptsIn(join(plain.folder, 'node_modules'))).toEqual([])
      const { total, duckdb } = await measure(join(plain.folder, 'node_modules'))
      const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
      console.log(
        `@dwh/cli installed: ${megabytes(total)}, of it DuckDB's binary ${megabytes(duckdb)}, the rest ${megabytes(total - duckdb)}`,
      )
      expect(total - duckdb).toBeLessThanOrEqual(MOST_BYTES)
    } finally {
      for (const consumer of consumers) await consumer.remove()
    }
  })
})
