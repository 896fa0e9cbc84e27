import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConsumer } from './consumer.ts'
import { type Registry, startRegistry } from './registry.ts'
import { plainEnv, run } from './run.ts'
import { listPublicPackages, type Manifest, PNPM, ROOT } from './workspace.ts'

/*
 * Releases the last commit to a registry on this machine: the steps of .github/workflows/release.yml, one after the
 * other, in a clone. Without provenance, which names the workflow run that published a package and so exists only
 * there.
 */

const STEP_TIMEOUT_MS = 300_000

/** Makes sure that there is something to release, even just after a release. */
const CHANGESET = `---
"@dwh/core": patch
---

A dry run of the release.
`

let place: string
let clone: string
let registry: Registry
let version: string
let sentences: readonly { readonly text: string; readonly names: readonly string[] }[]

/** Runs a command in the clone, as its maintainers do. */
function pnpm(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const quiet = { CI: '1', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
  const options = { cwd: clone, env: plainEnv({ ...quiet, ...env }), timeoutMs: STEP_TIMEOUT_MS }
  return run(['npx', '--yes', PNPM, ...args], options)
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'dwh-release-'))
  clone = join(place, 'clone')
  await run(['git', '-c', 'safe.directory=*', 'clone', '--quiet', ROOT, clone], { cwd: place })
  // the author of the release's tags
  for (const [name, value] of Object.entries({ 'user.name': 'release', 'user.email': 'release@localhost' }))
    await run(['git', 'config', name, value], { cwd: clone })
  await writeFile(join(clone, '.changeset/dry-run.md'), CHANGESET)
  sentences = await readChangesets(join(clone, '.changeset'))
  await pnpm(['install', '--frozen-lockfile', '--prefer-offline'])
}, STEP_TIMEOUT_MS)

afterAll(async () => {
  await registry?.stop()
  await rm(place, { recursive: true, force: true })
})

async function readChangesets(folder: string): Promise<{ text: string; names: string[] }[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.md') && name !== 'README.md')
  return Promise.all(
    files.map(async (name) => {
      const [, head = '', text = ''] = (await readFile(join(folder, name), 'utf8')).split(/^---$/m)
      return { text: text.trim(), names: [...head.matchAll(/['"](@dwh\/[a-z-]+)['"]/g)].map(([, found = '']) => found) }
    }),
  )
}

test('changeset version: one new version for all, and changelogs with the changes', async () => {
  const before = listPublicPackages(clone)
  await pnpm(['exec', 'changeset', 'version'])
  const after = listPublicPackages(clone)
  const versions = new Set(after.map(({ manifest }) => manifest.version))
  expect(versions.size).toBe(1)
  version = [...versions][0] as string
  expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  for (const { manifest } of before) expect(manifest.version).not.toBe(version)

  for (const { folder, manifest } of after) {
    const changelog = await readFile(join(clone, folder, 'CHANGELOG.md'), 'utf8')
    expect(changelog.startsWith(`# ${manifest.name}\n\n## ${version}\n`)).toBe(true)
    expect(changelog).not.toContain('Updated dependencies')
    const words = changelog.replaceAll(/\s+/g, ' ')
    for (const { text, names } of sentences) {
      if (names.includes(manifest.name)) expect(words).toContain(`- ${text.replaceAll(/\s+/g, ' ')}`)
    }
  }
  expect((await readdir(join(clone, '.changeset'))).filter((name) => name.endsWith('.md'))).toEqual(['README.md'])
  // the lockfile contains no version of ours, so a frozen install still accepts it
  expect(await run(['git', 'status', '--porcelain', 'pnpm-lock.yaml'], { cwd: clone })).toBe('')
})

test('without provenance: nothing is published', async () => {
  registry = await startRegistry(join(place, 'registry'))
  const published = pnpm(['--filter', '@dwh/core', 'publish', '--no-git-checks'], registry.env)
  await expect(published).rejects.toThrow(/provenance/)
})

test('pnpm release: builds and publishes all packages, with exact versions', { timeout: STEP_TIMEOUT_MS }, async () => {
  for (const { folder } of listPublicPackages(clone)) {
    const file = join(clone, folder, 'package.json')
    const { publishConfig, ...manifest } = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, JSON.stringify({ ...manifest, publishConfig: { ...publishConfig, provenance: false } }))
  }
  expect((await pnpm(['config', 'get', 'registry'], registry.env)).trim()).toBe(registry.url)
  await pnpm(['run', 'release'], registry.env)
  for (const { manifest } of listPublicPackages(clone)) {
    const response = await fetch(`${registry.url}${manifest.name.replace('/', '%2f')}`)
    const { 'dist-tags': tags, versions } = (await response.json()) as Published
    expect([manifest.name, tags.latest]).toEqual([manifest.name, version])
    const published = versions[version] as Manifest
    expect(JSON.stringify(published)).not.toMatch(/workspace:|catalog:/)
    for (const [name, wanted] of Object.entries({ ...published.dependencies, ...published.optionalDependencies }))
      expect([name, wanted]).toEqual([
        name,
        name.startsWith('@dwh/') ? version : expect.stringMatching(/^\d+\.\d+\.\d+/),
      ])
  }
})

interface Published {
  readonly 'dist-tags': { readonly latest: string }
  readonly versions: Readonly<Record<string, Manifest>>
}

test('npx: runs the published program from the registry', { timeout: STEP_TIMEOUT_MS }, async () => {
  const consumer = await openConsumer('npm', 20)
  try {
    // keep files from this registry out of the cache of this machine
    const cache = join(place, 'npm-cache')
    await mkdir(cache)
    const npx = (...args: string[]) =>
      consumer.run(['npx', '--yes', '--registry', registry.url, ...args], { env: { npm_config_cache: cache } })
    expect(await npx('@dwh/cli', '--version')).toBe(`${version}\n`)
    expect(await npx('@dwh/demo', '--help')).toContain('Usage: dwh-demo')
    console.log(`published ${version} to ${registry.url}, and ran it from there`)
  } finally {
    await consumer.remove()
  }
})
