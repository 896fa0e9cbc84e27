import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SharedService } from './shared-services.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** Builds every package if a source is newer than its build: tests of the apps run the build, which must be current. */
export async function buildPackages(): Promise<SharedService> {
  if (isStale()) await build()
  return { value: root, end: async () => {} }
}

function isStale(): boolean {
  const packages = ['packages', 'apps'].flatMap((group) =>
    readdirSync(`${root}${group}`)
      .map((name) => `${root}${group}/${name}`)
      // an old folder without a manifest is not a package
      .filter((folder) => existsSync(`${folder}/package.json`)),
  )
  const sources = [...packages.map((folder) => `${folder}/src`), `${root}seed`]
  const newest = Math.max(...sources.map(newestFile))
  const oldestBuild = Math.min(
    ...packages.map((folder) => time(`${folder}/dist/${folder.includes('/apps/') ? 'main' : 'index'}.js`)),
  )
  return newest >= oldestBuild
}

/** Runs the build in another process, so that vitest can answer its workers meanwhile. */
async function build(): Promise<void> {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const args = ['--yes', packageManager, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only']
  const [code] = await once(spawn('npx', args, { cwd: root, stdio: ['ignore', 2, 'inherit'] }), 'close')
  if (code !== 0) throw new Error('the build failed')
}

function newestFile(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  const times = files.filter(
    (file) => file.isFile() && !/node_modules|\.test\.ts$|\.child/.test(`${file.parentPath}/${file.name}`),
  )
  return Math.max(0, ...times.map((file) => time(`${file.parentPath}/${file.name}`)))
}

function time(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
