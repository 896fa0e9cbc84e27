import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Builds every package if anything is newer than what was built: tests of the apps start what was built, and must not test yesterday's. */
export function ensureBuilt(): void {
  const packages = ['packages', 'apps'].flatMap((group) =>
    readdirSync(`${root}${group}`).map((name) => `${root}${group}/${name}`),
  )
  const sources = [...packages.map((folder) => `${folder}/src`), `${root}seed`]
  const newest = Math.max(...sources.map(newestFile))
  const oldestBuild = Math.min(
    ...packages.map((folder) => time(`${folder}/dist/${folder.includes('/apps/') ? 'main' : 'index'}.js`)),
  )
  if (newest < oldestBuild) return
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const built = spawnSync(
    'npx',
    ['--yes', packageManager, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only'],
    { cwd: root, stdio: ['ignore', 2, 'inherit'] },
  )
  if (built.status !== 0) throw new Error('the build failed')
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
