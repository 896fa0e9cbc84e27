import { readdirSync, readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packagesIn, root } from './workspace-folders.ts'

interface Manifest {
  name: string
  private?: boolean
  version?: string
  description?: string
  keywords?: string[]
  license?: string
  type?: string
  engines?: Record<string, string>
  files?: string[]
  exports?: Record<string, { types: string; default: string }>
  bin?: Record<string, string>
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** The imports that shipped code of a package may have. Tests may import anything below the apps. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/libpq-settings': ['core'],
  'packages/extract-postgres': ['core', 'libpq-settings'],
  'packages/parquet-writer': ['core'],
  'packages/storage': ['core'],
  'packages/metadata': ['core'],
  'packages/query': ['core'],
  'packages/config': ['core'],
  'packages/pipeline': ['core', 'metadata', 'parquet-writer'],
  'packages/maintenance': ['core', 'metadata', 'parquet-writer'],
  'packages/warehouse': [
    'config',
    'core',
    'extract-postgres',
    'metadata',
    'parquet-writer',
    'pipeline',
    'query',
    'storage',
    'maintenance',
  ],
  // the entry point, and nothing below it
  'apps/cli': ['core', 'warehouse'],
  'apps/scheduler': ['core', 'warehouse'],
  'apps/demo': ['core', 'postgres-server', 'seed'],
}

/**
 * Layers within a large package, as folders: each may import those before it. Files beside the folders may import all
 * of them.
 */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  'packages/extract-postgres': ['session', 'catalog', 'read', 'profile'],
}

/** Third-party packages, and the only packages that may import them. */
const THIRD_PARTY_ROOMS: readonly [RegExp, readonly string[]][] = [
  [/^pg($|-)/, ['packages/extract-postgres', 'apps/demo']],
  [/^@aws-sdk\//, ['packages/storage']],
  [/^@duckdb\//, ['packages/parquet-writer', 'packages/query']],
  // it reads the environment of the process
  [/^proxy-from-env$/, ['apps/cli', 'apps/scheduler']],
  [/^croner$/, ['apps/scheduler']],
  [/^yaml$/, ['packages/config']],
  [/^valibot$/, ['packages/metadata', 'packages/config']],
]

/** The repository; npm compares it with the repository whose workflow publishes. */
const REPOSITORY = 'https://github.com/dwh-dev/dwh'

const packages = ['packages', 'apps'].flatMap(packagesIn)

/**
 * Packages that are bundled with their imports, which are therefore devDependencies; and the imports that are not
 * bundled: native code and programs that they start.
 */
const BUNDLES: Readonly<Record<string, readonly string[]>> = {
  'apps/cli': ['@duckdb/node-bindings'],
  'apps/scheduler': ['@dwh/cli'],
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}

/** Returns the shipped source files of a folder, with the imports of each from outside of it. */
function sources(folder: string): { file: string; text: string; imports: string[] }[] {
  const files = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts') && !/\.(test|child)\.ts$|test-support\.ts$|^testing\/|\.child-/.test(file))
    .map((file) => {
      const text = readFileSync(join(root, folder, 'src', file), 'utf8')
      const imports = [...text.matchAll(/(?:^|\s)(?:from|import|import\() ?['"]([^'".][^'"]*)['"]/g)].map(
        (match) => match[1] as string,
      )
      return { file, text, imports }
    })
}

/** Returns the text of a file, or of all files in a folder, tests included. */
function textsIn(place: string): string[] {
  if (statSync(join(root, place)).isFile()) return [readFileSync(join(root, place), 'utf8')]
  return readdirSync(join(root, place)).flatMap((name) => textsIn(`${place}/${name}`))
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] as string)
}

test('packages: each has an entry in MAY_IMPORT', () => {
  expect([...packages].sort()).toEqual(Object.keys(MAY_IMPORT).sort())
})

describe.each(packages)('%s', (folder) => {
  const manifest = manifestOf(folder)

  test('imports: only lower layers, and only packages in its manifest', () => {
    const allowed = MAY_IMPORT[folder] ?? []
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest
    const named = BUNDLES[folder] ? devDependencies : { ...dependencies, ...peerDependencies, ...optionalDependencies }
    const bundled = ['@dwh/postgres-server', '@dwh/seed']
    for (const { file, imports } of sources(folder)) {
      for (const name of imports.map(packageOf)) {
        if (name.startsWith('node:')) continue
        expect(builtinModules, `${file} imports ${name} without node:`).not.toContain(name)
        if (name.startsWith('@dwh/')) expect(allowed, `${file} imports ${name}`).toContain(name.slice('@dwh/'.length))
        if (!bundled.includes(name)) expect(Object.keys(named ?? {}), `${file} imports ${name}`).toContain(name)
        for (const [pattern, places] of THIRD_PARTY_ROOMS)
          if (pattern.test(name)) expect(places, `${file} imports ${name}`).toContain(folder)
      }
    }
  })

  test('dependencies: all are used', () => {
    const shipped = sources(folder)
      .map(({ text }) => text)
      .join('\n')
    if (BUNDLES[folder]) expect(Object.keys(manifest.dependencies ?? {})).toEqual(BUNDLES[folder])
    else
      for (const name of Object.keys(manifest.dependencies ?? {}))
        expect(shipped.includes(`'${name.replace(/^@types\//, '')}`), `${name} is not used`).toBe(true)
    const everywhere = ['src', 'tsup.config.ts']
      .map((place) => join(folder, place))
      .flatMap(textsIn)
      .join('\n')
    for (const name of Object.keys(manifest.devDependencies ?? {}))
      if (!name.startsWith('@types/')) expect(everywhere.includes(`'${name}`), `${name} is not used`).toBe(true)
  })

  test('dependencies: all are pinned to an exact version', () => {
    for (const [name, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.devDependencies,
    })) {
      expect(`${name}@${version}`).toMatch(/@(workspace:\*|catalog:|\d+\.\d+\.\d+(-[\w.]+)?)$/)
    }
  })

  test('manifest: has all fields that npm and its users need', () => {
    expect(manifest).toMatchObject({
      name: `@dwh/${folder.split('/')[1]}`,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      description: expect.stringMatching(/^.{20,160}\.$/),
      keywords: expect.arrayContaining([expect.any(String)]),
      license: 'MIT',
      homepage: `${REPOSITORY}/tree/main/${folder}#readme`,
      bugs: `${REPOSITORY}/issues`,
      repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: folder },
      // publishing from a laptop fails: only the workflow can make the provenance
      publishConfig: { access: 'public', provenance: true },
      type: 'module',
      engines: { node: '>=20.19' },
      scripts: { build: 'tsup' },
    })
    expect(manifest.private).toBeUndefined()
    expect(Object.keys(manifest.scripts ?? {})).toEqual(['build'])
    expect(manifest.files).toContain('dist')
    for (const target of Object.values(manifest.exports ?? {})) {
      expect(target.types).toMatch(/^\.\/dist\/.*\.d\.ts$/)
      expect(target.default).toBe(target.types.replace(/\.d\.ts$/, '.js'))
    }
    expect(manifest.exports ?? manifest.bin).toBeDefined()
    // bundlers may drop unused code of a library
    if (manifest.exports) expect(manifest).toMatchObject({ sideEffects: false })
    expect(statSync(join(root, folder, 'README.md'), { throwIfNoEntry: false }), 'README.md').toBeDefined()
  })

  test('files: names in kebab-case, at most 300 lines', () => {
    for (const { file, text } of sources(folder)) {
      expect(file).toMatch(/^([a-z0-9-]+\/)*[a-z0-9-]+\.ts$/)
      expect([file, text.split('\n').length <= 300]).toEqual([file, true])
    }
  })
})

test.each(Object.entries(FLOORS))('%s: each folder imports only those below it', (folder, floors) => {
  for (const { file, text } of sources(folder)) {
    const floor = floors.indexOf(file.split('/')[0] as string)
    if (floor < 0) continue
    const above = [...floors.slice(floor + 1).map((name) => `'../${name}/`), "'../[a-z-]+\\.ts'"]
    expect(text, `${folder}/src/${file}`).not.toMatch(new RegExp(above.join('|')))
  }
})

test('packages: no access to the process, the console, the clock or random numbers', () => {
  for (const folder of packagesIn('packages')) {
    for (const { file, text } of sources(folder)) {
      // the entry point passes the clock to the packages below it
      if (`${folder}/${file}` === 'packages/warehouse/environment.ts') continue
      const code = text.replace(/^ *(?:\/\*\*|\*|\/\/).*$/gm, '')
      expect(code, `${folder}/src/${file}`).not.toMatch(
        /process\.(env|exit|cwd|stdout|stderr)|console\.|new Date\(\)|Date\.now\(|Math\.random/,
      )
    }
  }
})

test('README of each package: at most 80 lines', () => {
  for (const folder of packages) {
    const lines = readFileSync(join(root, folder, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n').length
    expect([folder, lines <= 80]).toEqual([folder, true])
  }
})

test('code: no TODO, no skipped test, no test.only', () => {
  const places = [...packages.map((folder) => `${folder}/src`), 'tools', 'seed']
  for (const place of places) {
    for (const file of readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })) {
      // other tests make and remove files that begin with a dot
      if (!/\.(ts|mjs|sql)$/.test(file) || /(^|\/)(\.|node_modules\/)/.test(file)) continue
      if (file.endsWith('structure.test.ts')) continue
      const text = readFileSync(join(root, place, file), 'utf8')
      expect(text, `${place}/${file}`).not.toMatch(/\b(TODO|FIXME|XXX|HACK)\b|(test|describe|it)\.(only|todo|skip)\(/)
    }
  }
})
